"""Spanish: the short forms, also where Django would write a sentence."""

DATE_FORMAT = "d/m/Y"
DATETIME_FORMAT = "d/m/Y H:i"
TO_THE_SECOND_FORMAT = "d/m/Y H:i:s"
