DROP TABLE shoal.accounts;
