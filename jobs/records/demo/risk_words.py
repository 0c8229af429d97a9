"""Words of the risk team's demo rows. Only their order matters: the same words and seed give the same rows."""

# code → (expression, threshold, measure); the codes of words.RULES, whose hits are among the demo rows.
EXPRESSIONS = {
    "R-PAY-001": ("=COUNT(card_no, 10m) > threshold", "3", "hold"),
    "R-PAY-002": ("amount / AVG(member.amount, 90d) >= threshold", "10", "verify"),
    "R-ACC-001": ("login.device_age < 1d AND DISTANCE(login, last_login) > threshold", "500", "hold"),
    "R-ACC-002": ("=COUNT(login.failed, 1h) >= threshold AND login.ok", "4", "verify"),
    "R-PRO-001": ("COUNT(DISTINCT member, device_id, 24h) > threshold", "2.5", "block"),
    "R-PRO-002": ("phone_prefix IN list('黄牛号段') AND score >= threshold", "0.65", "verify"),
    "R-REF-001": ("SUM(refunds, 30d) / SUM(orders, 30d) > threshold", "0.3333", "hold"),
    "R-REF-002": ("-MINUTES(signed_at, refund_at) > -threshold", "15", "pass"),
    "R-LOG-001": ("@LIST.address CONTAINS ship_to\nOR similarity(ship_to, @LIST.address) > threshold", "0.92", "block"),
}

# (code, name, category, level, expression, threshold, measure): rules that are being tried out, or no longer used.
IDLE_RULES = [
    ("R-PAY-003", "境外卡首单大额", "payment", "high", "card.country <> 'CN' AND amount > threshold", "5000", "verify"),
    ("R-PAY-004", "余额秒付后提现", "payment", "critical", "=WITHDRAW(10m) / balance > threshold", "0.8", "block"),
    ("R-ACC-003", "模拟器登录", "account", "medium", "device.emulator_score > threshold", "0.75", "verify"),
    ("R-ACC-004", "凌晨批量登录", "account", "low", "COUNT(login, ip, 5m) > threshold", "20", "pass"),
    ("R-PRO-003", "新人券重复领取", "promotion", "medium", "=COUNT(coupon.new, id_number) > threshold", "1", "block"),
    ("R-REF-003", "空包退货", "refund", "high", "weight_back / weight_out < threshold", "0.25", "hold"),
    ("R-LOG-002", "同址多户收货", "logistics", "low", "COUNT(DISTINCT member, address, 7d) > threshold", "8", "pass"),
]
RULE_OWNERS = ["风控策略组", "支付风控组", "账户安全组"]
RULE_NOTES = ["", "", "灰度 10% 流量", "阈值由历史 90 天 P99 推得", "-- 待复盘 --"]

LIST_REASONS = [
    "盗卡投诉",
    "多账号薅券, 关联 5% 以上订单",
    "司法协查",
    "频繁恶意退款",
    "内部测试设备",
    "企业大客户, 免人工复核",
    "=合作方共享名单",
]
TICKET_NOTES = [
    "",
    "",
    "已电话回访, 录音留存",
    "客户补充材料:\n1. 身份证正反面\n2. 支付凭证",
    "转财务退款, 手续费 0.6% 由平台承担",
    '=HYPERLINK("http://example.com","证据")',
]
KYC_NOTES = ["", "", "", "复印件无效, 请上传原件照片", "姓名含生僻字, 人工核对通过", "@二审"]
