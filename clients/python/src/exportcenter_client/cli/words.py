"""What the command says, in English and Chinese. The server's own messages come in the same language."""

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "Created {job}.": "已创建 {job}。",
    "{job}: {status} {percent}%": "{job}：{status} {percent}%",
    "{name} ({file}/{files})": "{name}（{file}/{files}）",
    "Joined {job}.": "已复用现有任务 {job}。",
    "Deleted {webhook}.": "已删除 {webhook}。",
    "Saved: {path}": "已保存：{path}",
    "Retried as {job}.": "已重试，新任务 {job}。",
    "Canceled {job}.": "已取消 {job}。",
    "Accelerated {job}.": "已加速 {job}。",
    "Signed in to {url}; kept in {path}.": "已登录 {url}；凭据保存在 {path}。",
    "Signed out.": "已退出登录。",
    "Nobody was signed in.": "当前没有登录。",
    "Nothing found.": "没有记录。",
    "The API token itself still works. Revoke it on the page “API tokens” if nobody needs it.": (
        "API 令牌本身仍然有效。如不再需要，请在“API 令牌”页面吊销。"
    ),
    "--make-token needs --username.": "--make-token 需要与 --username 一起使用。",
    "Password: ": "密码：",
    "Token: ": "令牌：",
    "Error: {message}": "错误：{message}",
    "Advice: {advice}": "建议：{advice}",
    "More: {page}": "详情：{page}",
    "Request: {request}": "请求编号：{request}",
    "Interrupted. Go on with: exportcenter exports download {job} --to {target}": (
        "已中断。继续下载：exportcenter exports download {job} --to {target}"
    ),
    "Interrupted. The export goes on; wait for it with: exportcenter exports wait {job}": (
        "已中断。任务仍在继续；等待其完成：exportcenter exports wait {job}"
    ),
    "Interrupted. The import goes on; wait for it with: exportcenter imports wait {job}": (
        "已中断。导入仍在继续；等待其完成：exportcenter imports wait {job}"
    ),
    "Interrupted.": "已中断。",
    "There is no file {path}.": "文件 {path} 不存在。",
    "The file has no column {name}. It has: {columns}.": "文件中没有“{name}”列。现有列：{columns}。",
    "Several columns are called {name}; name the letter: {letters}.": (
        "有多列名为“{name}”，请改用列字母指定：{letters}。"
    ),
    "Confirmed {job}.": "已确认导入 {job}。",
    "{job} takes it back.": "已提交撤销，撤销任务为 {job}。",
    "Nothing was written.": "仅为试运行，未写入任何数据。",
    "To write the other rows: exportcenter imports confirm {job} --wait": (
        "如需写入其余行：exportcenter imports confirm {job} --wait"
    ),
    "To get the faulty rows: exportcenter imports errors {job} --to FILE": (
        "如需下载错误行：exportcenter imports errors {job} --to 文件"
    ),
    "To drop it: exportcenter imports cancel {job}": "如需放弃本次导入：exportcenter imports cancel {job}",
    "{reason}": "{reason}",
    "row {row}": "第 {row} 行",
    "Rows: {count}": "总行数：{count}",
    "to be created: {count}": "将新增：{count}",
    "to be changed: {count}": "将更新：{count}",
    "as they are: {count}": "无变化：{count}",
    "faulty: {count}": "有误：{count}",
    "created: {count}": "已新增：{count}",
    "changed: {count}": "已更新：{count}",
    "unchanged: {count}": "未变化：{count}",
    "removed: {count}": "已删除：{count}",
    "restored: {count}": "已还原：{count}",
    "kept: {count}": "已保留：{count}",
    "review": "待确认",
    "{text} is not of the form name=value.": "{text} 不是 名称=值 的形式。",
    "Name the server: --url https://…": "请指定服务器：--url https://…",
    "Rows: {rows}   Bytes: {bytes}   Seconds: {seconds}": "行数：{rows}   字节：{bytes}   秒：{seconds}",
    "queued": "排队中",
    "processing": "处理中",
    "ready": "已就绪",
    "failed": "失败",
    "canceled": "已取消",
    "expired": "已过期",
}
"""English → Chinese; tests hold both to the same placeholders."""


def language_of(environment: Mapping[str, str]) -> str:
    """ "zh-hans" or "en", as LC_ALL, LC_MESSAGES or LANG say, in that order."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            return "zh-hans" if value.lower().startswith("zh") else "en"
    return "en"


class Words:
    """Says things in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, english: str, **values: object) -> str:
        """The sentence with its values, in the language."""
        text = CHINESE.get(english, english) if self.language == "zh-hans" else english
        return text.format(**values)
