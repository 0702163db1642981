"""The promises of Milepost, as tests."""
