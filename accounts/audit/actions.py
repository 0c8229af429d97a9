"""Names of audited operations: S0 §16, and the same style where S0 is silent."""

from enum import StrEnum


class Operation(StrEnum):
    """One name per audited operation."""

    EXPORT_JOB_CREATE = "export_job_create"
    EXPORT_JOB_STATUS_CHANGE = "export_job_status_change"
    EXPORT_JOB_RETRY = "export_job_retry"
    EXPORT_JOB_CANCEL = "export_job_cancel"
    EXPORT_JOB_DELETE_EXPIRED = "export_job_delete_expired"
    EXPORT_JOB_REVOKE_LINKS = "export_job_revoke_links"
    EXPORT_JOB_ACCELERATE = "export_job_accelerate"
    EXPORT_LINK_CREATE = "export_link_create"
    EXPORT_FILE_DOWNLOAD = "export_file_download"
    EXPORT_LOG_DOWNLOAD = "export_log_download"
    EXPORT_DEFINITION_CREATE = "export_definition_create"
    EXPORT_DEFINITION_UPDATE = "export_definition_update"
    EXPORT_DEFINITION_SHARE = "export_definition_share"
    EXPORT_DEFINITION_ARCHIVE = "export_definition_archive"
    EXPORT_DEFINITION_RESTORE = "export_definition_restore"
    SIGN_IN = "sign_in"
    SIGN_IN_LOCKED = "sign_in_locked"
    SIGN_OUT = "sign_out"
    USER_CHANGE = "user_change"
    ROLE_CHANGE = "role_change"
    ADMIN_CHANGE = "admin_change"
    DEMO_DATA = "demo_data"
