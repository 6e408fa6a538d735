DROP TABLE shoal.settings;
DROP TABLE shoal.models;
