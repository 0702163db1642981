"""The names that the broker knows us by: streams, subjects and the consumer that wakes the workers."""

STREAM = "MILEPOST"
SUBJECTS = "milepost.v1.>"
GROWN_STREAM = "MILEPOST_GROWN"
GROWN_SUBJECT = "milepost.log.grown"
PROJECTOR = "projector"
PROJECTOR_DELIVERY = "milepost.deliver.projector"
