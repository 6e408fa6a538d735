DROP TABLE shoal.deliveries;
DROP TABLE shoal.received_activities;
DROP TABLE shoal.peers;
DROP TABLE shoal.keys;
