DROP TABLE shoal.visitor_counts;
DROP TABLE shoal.not_interested;
DROP TABLE shoal.default_levels;
DROP TABLE shoal.user_levels;
DROP TABLE shoal.user_settings;
