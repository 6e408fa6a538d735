DROP TABLE shoal.received_evidence;
DROP TABLE shoal.releases;
