"""What Chinese documents hold beside prose: templates whose `{fields}` `matter.filler` fills, one a line."""

from data_engines.tools.matter import templates

MONTHS = "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月".split()
WEEKDAYS = "星期一 星期二 星期三 星期四 星期五 星期六 星期日".split()
NOONS = "上午 下午".split()
UNITS = (
    "毫米|厘米|米|公里|克|千克|公斤|吨|毫升|升|℃|小时|分钟|平方米|亩|人|mm|cm|km|kg|mg|mL|km/h|kW|MB|"
    "GB|%|件|台|次|元/吨|公里/小时|m²"
).split("|")
HEADINGS = (
    "引言|前言|目录|概述|研究方法|实验结果|讨论|结论|参考文献|附录|安装说明|安全须知|维护保养|"
    "常见问题|条款与条件|财务报表|致谢|注意事项|保修说明|总则|适用范围|项目背景|工作计划|风险提示"
).split("|")
LABELS = (
    "{small}.|{small}、|（{small}）|（{han}）|{han}、|({small})|{letter}.|•|●|-|第{han}条|①|②|③|□|※"
).split("|")
DATES = templates(
    r"""
    {y}年{m}月{d}日
    {y}年{m}月{d}日
    {y}年{m}月
    {m}月{d}日
    {han_y}年{month}{han_d}日
    {y}年
    {y}-{m:02}-{d:02}
    {y}/{m}/{d}
    {y}.{m:02}.{d:02}
    {m}月{d}日（{weekday}）
    {y}年第{quarter}季度
    """
)
TIMES = templates(
    r"""
    {h:02}:{min:02}
    {noon}{h12}:{min:02}
    {h}时{min:02}分
    {noon}{h12}点
    {h:02}:{min:02}:{s:02}
    """
)
PRICES = templates(
    r"""
    ¥{cents}
    ¥{whole}
    ￥{cents}
    {whole}元
    {cents}元
    {tenth}万元
    {tenth}亿元
    {small}元/斤
    人民币{cents}元
    US${cents}
    ${whole}
    {whole}港元
    {tenth}万美元
    €{cents}
    RMB {whole}
    """
)
PHONES = templates(
    r"""
    1## #### ####
    13#########
    15#-####-####
    010-########
    021-########
    0755-########
    400-###-####
    (010)########
    +86 1## #### ####
    （021）########
    """
)
CODES = templates(
    r"""
    ################
    No.########
    ??-####
    20########
    京A·#####
    粤B·?####
    ZL 20## # #######.#
    978-7-###-#####-#
    GB/T #####-20##
    91######MA#?####?
    ######
    192.168.#.##
    〔20##〕##号
    """
)
SENTENCES = templates(
    r"""
    {date}，{company}实现营业收入{price}，同比增长{percent}。
    截至{date}，全市共有{integer}家企业，其中{percent}位于{city}。
    本合同自{date}起生效，合同金额为人民币{cents}元（大写见附件{small}）。
    请于{date}前发送至{email}，或拨打电话{phone}（{time}—{time}）。
    {name}，{year}年生于{city}，现任{company}{job}。
    详见第{small}章表{section}和图{section}，第{integer}页。
    价格由{price}上涨至{price}，涨幅为{percent}。
    在{integer}个样本中，有{integer}个（{percent}）合格；其余见附录{letter}。
    房间长{measure}、宽{measure}，月租{price}，押金{price}。
    甲方：{company}；乙方：{name}；签订日期：{date}。
    列车{time}从{city}出发，{time}到达，票价{price}。
    {name}说：“{phrase}。”
    《{phrase}》由{company}于{date}出版，定价{price}。
    订单{code}已于{date}寄往{address}，收件人{name}。
    气温为{decimal}±{decimal}°C，比{year}年平均值高{percent}。
    会议由{name}主持，{name}、{name}等{small}人参加；地点：{address}。
    """
)
FIGURES = templates(
    r"""
    {integer}
    {decimal}
    {percent}
    第{integer}页
    共{small}页
    +{percent}
    -{decimal}
    {han}、
    {small}/{small}
    约{integer}人
    {decimal}万
    {decimal}亿
    {year}—{year}
    第{han}章
    {small}×{small}
    增长{percent}
    {integer}～{integer}
    （{small}）
    ＜{decimal}
    ≥{percent}
    第{small}名
    """
)
PRICED = templates(
    r"""
    {price}
    {price}
    合计：{price}
    小计：{price}
    {price}/{unit}
    {small}件×{price}
    单价：{price}
    税率{small}%
    满{whole}元减{small}元
    优惠{price}！
    实付{price}
    原价{price}，现价{price}
    押金：{price}
    {phrase}{leader}{price}
    金额：{price}
    运费{price}
    仅售{price}
    """
)
DATED = templates(
    r"""
    {date}
    {date}
    {date} {time}
    日期：{date}
    截止日期：{date}
    {time}
    {time}—{time}
    营业时间：{time}-{time}
    {date}至{date}
    更新于{date}
    有效期至{date}
    生产日期：{date}
    """
)
PLACES = templates(
    r"""
    {name}
    {address}
    {address}
    {company}
    {name}（{job}）
    地址：{address}
    收件人：{name}
    尊敬的{name}：
    {company}，{city}
    姓名：{name}
    联系人：{name}
    单位：{company}
    籍贯：{city}
    """
)
CONTACTS = templates(
    r"""
    电话：{phone}
    {phone}
    传真：{phone}
    手机：{phone}
    邮箱：{email}
    {email}
    {url}
    网址：{url}
    {name} {phone}
    微信号：{user}
    QQ：{integer}
    @{user}
    #{phrase}#
    热线：{phone} | {email}
    """
)
NUMBERED = templates(
    r"""
    发票号码：{code}
    订单号：{code}
    编号：{code}
    {code}
    版本{section}
    〔{small}〕
    邮编：{zip}
    第{section}条
    证书编号：{code}
    （{year}）{small}号
    房间{integer}
    型号：{code}
    ISBN {code}
    """
)
MEASURED = templates(
    r"""
    {measure}
    {measure}
    {measure}×{measure}
    净含量：{measure}
    不超过{measure}
    {decimal}-{decimal}{unit}
    重量：{measure}
    {phrase}：{measure}
    温度：{decimal}℃
    面积约{decimal}平方米
    时速{integer}公里
    """
)
CONTENTS = templates(
    r"""
    {heading}{leader}{integer}
    第{han}章 {heading}{leader}{integer}
    {section} {heading}{leader}{integer}
    第{han}节 {heading}
    附录{letter} {heading}{leader}{integer}
    图{section} {phrase}
    表{small}：{phrase}
    {han}、{heading}
    （{han}）{phrase}
    {section} {heading}
    {heading} / {integer}
    """
)
LISTS = templates(
    r"""
    {label}{phrase}
    {label}{phrase}；
    {label}{phrase}：{measure}
    {label}{name}、{name}、{name}
    """
)
QUOTATIONS = templates(
    r"""
    “{phrase}”
    “{phrase}”{phrase}
    “{phrase}”和“{phrase}”
    {phrase}（{phrase}）
    {phrase}（见第{small}页）
    （{phrase}）
    {phrase}：“{phrase}”
    {phrase}；{phrase}。
    {phrase}。
    所谓“{phrase}”，即{phrase}。
    {phrase}（{word}）
    {phrase}（{year}）
    「{phrase}」
    《{phrase}》
    {name}说：“{phrase}。”
    【{phrase}】
    ——{name}《{phrase}》
    """
)
CODE = templates(
    r"""
    {word} = {decimal} # {phrase}
    // {phrase}
    print("{phrase}")
    if {word} > {small}:
    $ {word} -{letter} /{word}
    /* {phrase} */
    <{word}>{phrase}</{word}>
    {word}_{word}({small}, {small})
    pip install {word}=={section}
    y = {decimal}x + {small}
    \{word}{{{phrase}}}
    {{"{word}": {integer}}}
    {word}[{small}] & 0x{hex}
    """
)
ROWS = templates(
    r"""
    {phrase}：{integer}
    {decimal} | {decimal}
    {phrase} {price}
    {date} {phrase} {price}
    {phrase}|{percent}
    {phrase}、{phrase}、{phrase}
    {phrase}；{phrase}
    {integer} {integer} {integer}
    {name} {small}岁 {city}
    """
)

TEMPLATES = (
    FIGURES + PRICED + DATED + 2 * PLACES + CONTACTS + NUMBERED + MEASURED + 2 * CONTENTS
    + 10 * LISTS + 8 * QUOTATIONS + CODE + ROWS + 2 * SENTENCES
)  # fmt: skip
"""All of them, so often that digits and signs come out as in documents."""
