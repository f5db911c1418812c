"""What a crash, a kill at a system call and a full disk leave behind: one name for all of it."""

from tests.campaign.crash_disk_full import CAMPAIGN as DISK_FULL
from tests.campaign.crash_postgresql import CAMPAIGN as POSTGRESQL
from tests.campaign.crash_sqlite import CAMPAIGN as SQLITE
from tests.campaign.crash_syscalls import CAMPAIGN as SYSCALLS

CAMPAIGNS = (SQLITE, POSTGRESQL, SYSCALLS, DISK_FULL)
