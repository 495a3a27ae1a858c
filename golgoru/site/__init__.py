"""The HTML pages of stage `report`: the frame that they share, and what several of them show."""
