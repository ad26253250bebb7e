"""A detector that goes on in the middle of what another one has begun."""

from collections.abc import Sequence

from cribtrace.device import detector, kernels


class Resumed(detector.Detector):
    """Under CPython, with the filters of the one that it goes on from."""

    def resume(
        self, first: int, filters: Sequence[int], lead: bytearray, slow: tuple[int, int] = (0, 0)
    ) -> None:
        """Begin at frame `first`, `lead` being the frames before it may find anything.

        The statistic adds up over a window that is filled meanwhile, and the floors go as fast as
        they went then: slower in those of the frames that lie within `slow`.
        """
        self.begin(first)
        for k, word in enumerate(filters):
            self.state[k] = word
        self.warm = 0
        self.idle()
        self.seconds.begin(self.index)
        self.waveforms.since = self.index
        self.waveforms.check()
        self.state[kernels.STOP] = detector.NEVER
        for at in range(len(lead) // 6):
            within = slow[0] <= at < slow[1]
            self.state[kernels.STEP] = self.floor_step + (detector.IN_SEGMENT if within else 0)
            self.state[kernels.OFFSET] = 6 * at
            kernels.scan(0, 1, lead, self.cfg, self.state, self.ring, self.env, self.sums)
            self.index += 1
        self.state[kernels.OFFSET] = 0
        self.idle()
        self.state[kernels.BEST] = 0

    def end(self) -> int:
        """No frame follows; a movement that seems over is, though its hold is not."""
        if self.active:
            self.close(self.index - 1 - self.state[kernels.STILL])
        return self.finish()
