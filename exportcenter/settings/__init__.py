"""Settings, from the environment only (table: docs/settings.md). No value here is a secret."""

from exportcenter.settings.api import *
from exportcenter.settings.database import *
from exportcenter.settings.files import *
from exportcenter.settings.keys import *
from exportcenter.settings.mail import *
from exportcenter.settings.people import *
from exportcenter.settings.site import *
from exportcenter.settings.work import *
