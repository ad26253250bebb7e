"""The labelled world: an infant, a mattress, a house and a sensor, none of them measured."""
