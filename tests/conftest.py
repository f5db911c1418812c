"""What holds for every test."""

from hypothesis import HealthCheck, settings

# how long an example takes says something of the machine, which others use too, and nothing of the code
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
