-- Topics of visitors are no longer counted.

DROP TABLE shoal.visitor_counts;
