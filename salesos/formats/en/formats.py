"""English: readers are on both sides of the Atlantic, so months are named, and hours run to 24 as everywhere else."""

DATE_FORMAT = "j M Y"
SHORT_DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
SHORT_DATETIME_FORMAT = "j M Y, H:i"
TO_THE_SECOND_FORMAT = "j M Y, H:i:s"
