"""The words that scripts of the pages say, in the reader's language. A test keeps them and the scripts together."""

from django.utils.translation import gettext as _

from jobs.exports.steps import ACCELERATE, CANCEL, RETRY


def script_words() -> dict[str, str]:
    """Key → text; placeholders are written %(name)s, a percent sign %%."""
    return {**_general(), **_doings(), **_list(), **_header(), **_new_export(), **_columns(), **_views()}


def _general() -> dict[str, str]:
    return {
        "close": _("Close"),
        "copied": _("Copied."),
        "copy_failed": _("The browser refuses to copy. Mark the text and copy it by hand:"),
        "failed": _("That did not work. Try again."),
        "hours": _("%(hours)s h %(minutes)s min"),
        "messages": _("Messages"),
        "minutes": _("%(minutes)s min %(seconds)s s"),
        "offline": _("The server cannot be reached. Check the network, then try again."),
        "quote": _("Quote %(id)s when you ask for help."),
        "seconds": _("%(seconds)s s"),
        "show": _("Show"),
        "signed_out": _("You are signed out. Load the page again to sign in; what you have typed is still there."),
        "undo": _("Undo"),
    }


def _doings() -> dict[str, str]:
    return {
        "accelerated": _("%(job)s is in the fast lane."),
        "cancel_effect": _("It stops within seconds. There will be no file."),
        "cancel_question": _("Cancel %(job)s?"),
        "cancel_yes": _("Cancel export"),
        "canceling": _("%(job)s is being canceled."),
        "created": _("Created %(job)s. Carry on; you will be told when it is ready."),
        "link_copied": _("Link copied. Whoever uses it must be signed in and have the right."),
        "link_left": _("link valid for %(time)s"),
        "link_over": _("the link has expired"),
        "not_now": _("That cannot be done to this export now."),
        "title_accelerate": _("Accelerate"),
        "title_cancel": _("Cancel export"),
        "title_download": _("Download"),
        "title_retry": _("Retry"),
        "will_cancel": _("%(job)s will be canceled."),
    }


def _list() -> dict[str, str]:
    return {
        "arrival": _("%(count)s new export"),
        "arrivals": _("%(count)s new exports"),
        "bulk_accelerate_done": _("%(count)s exports are in the fast lane."),
        "bulk_accelerate_effect": _("They run before every waiting export of the normal lane."),
        "bulk_accelerate_question": _("Move %(count)s exports to the fast lane?"),
        "bulk_cancel_done": _("%(count)s exports are being canceled."),
        "bulk_cancel_effect": _("Waiting exports end at once, running ones within seconds. There will be no files."),
        "bulk_cancel_question": _("Cancel %(count)s exports?"),
        "bulk_partly": _("%(done)s done, %(refused)s refused. The refused ones are still ticked."),
        "bulk_retry_done": _("%(count)s new exports are queued."),
        "bulk_retry_effect": _("Each runs again as a new export with the same conditions. These stay as they are."),
        "bulk_retry_question": _("Run %(count)s exports again?"),
        "chosen": _("%(count)s chosen"),
        "delete_expired_effect": _(
            "Their files are gone already. Records, logs and attempts go now; the audit trail stays."
        ),
        "delete_expired_question": _("Delete %(count)s expired exports?"),
        "delete_expired_yes": _("Delete expired exports"),
        "downloads_begun": _("%(count)s downloads begin. The browser may ask whether it may store several files."),
        "expired_deleted": _("%(count)s expired exports deleted."),
        "live_asking": _("Every 5 s"),
        "live_asking_more": _(
            "Live updates do not get through here. The page asks every five seconds while something moves."
        ),
        "live_live": _("Live"),
        "live_live_more": _("Changes show here as they happen."),
        "live_lost": _("Reconnecting …"),
        "live_lost_more": _("The connection is interrupted. The page connects again by itself."),
        "live_resting": _("Up to date"),
        "live_resting_more": _("Nothing moves. The page looks again when you do something; Refresh looks now."),
        "live_starting": _("Connecting …"),
        "live_starting_more": _("The page connects for live updates."),
        "loaded": _("%(shown)s of %(total)s"),
        "loaded_about": _("%(shown)s of about %(total)s"),
        "nothing_expired": _("There are no expired exports."),
        "nothing_to_download": _("None of the chosen exports has a file that you may download."),
        "progress_is": _("%(job)s: %(percent)s%%"),
        "title_accelerate": str(ACCELERATE.title),
        "title_cancel": str(CANCEL.title),
        "title_download": _("Download"),
        "title_retry": str(RETRY.title),
        "too_many_chosen": _("At most %(most)s exports at a time. Choose fewer."),
        "try_again": _("Try again"),
        "without_file": _("%(count)s of the chosen have no file that you may download."),
    }


def _header() -> dict[str, str]:
    return {
        "bell": _("Notifications, %(count)s unread"),
        "bell_none": _("Notifications"),
        "pill_percent": _("%(percent)s%% · %(count)s exports"),
        "pill_queued": _("%(count)s exports waiting"),
        "pill_running": _("%(count)s exports running"),
        "no_news": _("Nothing new. You are told here when an export ends."),
    }


def _new_export() -> dict[str, str]:
    return {
        "ne_about": _("about %(what)s"),
        "ne_bad_date": _("This is no whole date."),
        "ne_between": _("Probably between %(low)s and %(high)s rows."),
        "ne_columns": _("%(chosen)s of %(all)s"),
        "ne_comma": _(", "),
        "ne_discard": _("Discard what you have chosen?"),
        "ne_discard_yes": _("Discard"),
        "ne_empty": _("Nothing matches these filters: the file would hold the headings only."),
        "ne_lost": _("A definition cannot keep these filters: %(names)s. Clear them, or export without saving."),
        "ne_no_columns": _("Choose at least one column."),
        "ne_saved": _("“%(name)s” is saved, version %(version)s."),
        "ne_short": _("Rows: %(rows)s · %(size)s · %(time)s"),
        "ne_stay": _("Go on"),
        "ne_too_long": _("Choose a shorter period or fewer columns, or CSV or Parquet in the place of Excel."),
        "ne_wait": _("Begins in about %(time)s."),
    }


def _columns() -> dict[str, str]:
    return {
        "column_down": _("Move %(title)s down"),
        "column_placed": _("%(title)s: %(place)s of %(count)s"),
        "column_up": _("Move %(title)s up"),
        "column_width": _("Width of %(title)s in pixels"),
        "columns_reset": _("The columns are as they were at first."),
    }


def _views() -> dict[str, str]:
    return {
        "view_all": _("All exports"),
        "view_default_made": _("The page opens with “%(name)s” from now on."),
        "view_default_unmade": _("The page opens with all exports from now on."),
        "view_delete": _("Delete"),
        "view_deleted": _("View “%(name)s” is deleted."),
        "view_discard": _("Discard the changes"),
        "view_edit": _("Rename and share …"),
        "view_edit_title": _("Rename and share view"),
        "view_is_default": _("The page opens with it"),
        "view_keep": _("Save the changes"),
        "view_kept": _("The changes to “%(name)s” are saved."),
        "view_make_default": _("Open the page with it"),
        "view_save": _("Save the current filters as a view …"),
        "view_save_title": _("Save view"),
        "view_saved": _("View “%(name)s” is saved."),
        "view_unmake_default": _("Do not open the page with it"),
        "views_builtin": _("For everybody"),
        "views_loading": _("Loading …"),
        "views_mine": _("Mine"),
        "views_shared": _("Shared with me"),
    }
