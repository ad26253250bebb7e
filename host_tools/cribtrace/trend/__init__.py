"""Many nights of one crib beside each other: numbers by date and age, and no verdict on them."""
