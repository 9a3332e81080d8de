"""What columns are called in English and in Chinese, by what they hold.

Several names stand in one line, parted by bars. A name that takes a word before it still fits: a "harbour
price" is a price.
"""

from typing import Literal

Tongue = Literal["en", "zh"]
"""The language of a header."""


def _names(english: str, chinese: str) -> dict[Tongue, tuple[str, ...]]:
    return {"en": tuple(english.split("|")), "zh": tuple(chinese.split("|"))}


HEADERS: dict[str, dict[Tongue, tuple[str, ...]]] = {
    "names": _names(
        "Name|Item|Product|Category|Type|Group|Topic|Title|Subject|Task|Method|Project|Section|Class|Case",
        "名称|项目|产品|类别|类型|组别|主题|题目|科目|任务|方法|课题|部分|事项|内容",
    ),
    "long text": _names(
        "Description|Notes|Remarks|Comment|Details|Purpose|Requirements|Contents",
        "说明|备注|描述|意见|详情|用途|要求|内容简介",
    ),
    "numbers to 9": _names("Level|Rank|Floor|Grade|Rooms|Round|Step", "级别|排名|楼层|等级|房间数|轮次|步骤"),
    "numbers to 99": _names(
        "Age|Count|Points|Score|Goals|Quantity|Lessons", "年龄|次数|积分|分数|进球|数量|课时"
    ),
    "numbers to 999": _names(
        "Pages|Seats|Employees|Stock|Quantity|Cases|Students", "页数|座位|员工数|库存|数量|病例数|学生数"
    ),
    "numbers to 9999": _names(
        "Votes|Members|Orders|Quantity|Samples|Visits|Steps", "票数|会员数|订单数|数量|样本数|访问量|步数"
    ),
    "numbers to 99999": _names(
        "Visitors|Units sold|Downloads|Readers|Tokens|Households", "游客数|销量|下载量|读者数|词数|户数"
    ),
    "numbers to 9999999": _names(
        "Population|Views|Passengers|Registrations|Total votes", "人口|浏览量|旅客数|注册数|总票数"
    ),
    "decimals to 1": _names(
        "Precision|Recall|F1|Probability|Weight|AUC|Ratio|Similarity",
        "精确率|召回率|概率|权重|比值|相似度|系数|得分",
    ),
    "decimals to 10": _names("Rating|Score|Ratio|Loss|Distance|Magnitude", "评分|得分|比值|损失|距离|震级"),
    "decimals to 100": _names("Mean|Average|Index|Score|Median|Value", "平均值|均值|指数|得分|中位数|数值"),
    "decimals to 1000": _names("Total|Area|Output|Energy|Volume|Yield", "总计|面积|产量|能耗|体积|收成"),
    "differences": _names(
        "Change|Difference|Deviation|Residual|Net change|Offset|Gain", "变化|差值|偏差|残差|增减|偏移|增益"
    ),
    "percentages": _names(
        "Share|Rate|Accuracy|Discount|Completion|Coverage|Turnout|Humidity",
        "占比|比例|合格率|完成率|折扣率|覆盖率|投票率|湿度",
    ),
    "money": _names(
        "Price|Unit price|Amount|Cost|Revenue|Balance|Salary|Fee|Budget|Sales|Tax",
        "价格|单价|金额|费用|收入|余额|工资|成本|预算|销售额|税额",
    ),
    "dates": _names(
        "Date|Start date|Due date|Published|Delivery date|Last updated|Expiry date",
        "日期|开始日期|截止日期|发布日期|交货日期|更新日期|有效期至",
    ),
    "years": _names("Year|Founded|First year|Built in", "年份|成立年份|起始年份|建成年份"),
    "times": _names(
        "Time|Start|End|Departure|Arrival|Opening time", "时间|开始时间|结束时间|出发时间|到达时间|开门时间"
    ),
    "codes": _names("Code|Model|Part|Sample|Batch|ID|Item no.", "编号|型号|代码|样品号|批号|序列号|货号"),
    "yes": _names("Available|Required|Active|Approved|Paid", "是否合格|是否必填|是否启用|是否批准|是否付款"),
    "sign": _names("Test|Reaction|Control|Culture", "有无异常|有无附件|有无发票|有无库存"),
    "sex": _names("Sex|Gender", "性别"),
    "result": _names("Result|Status|Inspection|Check", "结果|状态|检验结果|抽查"),
    "means": _names("Mean ± SD|Score|Response|Yield|Value", "均值±标准差|得分|响应值|产率|测量值"),
    "intervals": _names("95% CI|Range|Interval|Normal range|Limits", "95%置信区间|范围|区间|参考范围|限值"),
    "powers": _names("Concentration|Value|Rate|Error|Density", "浓度|数值|速率|误差|密度"),
    "significances": _names("Coefficient|Estimate|Effect|Slope|Model", "系数|估计值|效应|斜率|模型"),
    "symbols": _names("Symbol|Variable|Parameter|Term|Notation", "符号|变量|参数|项|记号"),
    "kg": _names("Weight|Mass|Load|Net weight", "重量|质量|载重|净重"),
    "mm": _names("Length|Width|Thickness|Diameter|Rainfall", "长度|宽度|厚度|直径|降水量"),
    "cm": _names("Height|Length|Width|Depth", "高度|长度|宽度|深度"),
    "km": _names("Distance|Range|Route length", "距离|里程|路线长度"),
    "ms": _names("Latency|Delay|Response time", "延迟|时延|响应时间"),
    "s": _names("Duration|Time|Run time", "用时|时长|运行时间"),
    "min": _names("Duration|Waiting time|Travel time", "时长|等待时间|行程时间"),
    "MB": _names("Size|Memory|File size", "大小|内存|文件大小"),
    "GB": _names("Storage|Memory|Capacity", "存储|内存|容量"),
    "Hz": _names("Frequency|Refresh rate", "频率|刷新率"),
    "kHz": _names("Frequency|Sampling rate|Bandwidth", "频率|采样率|带宽"),
    "V": _names("Voltage|Supply|Rated voltage", "电压|电源|额定电压"),
    "mA": _names("Current|Rated current", "电流|额定电流"),
    "kPa": _names("Pressure|Maximum pressure", "压力|最大压力"),
    "mL": _names("Volume|Capacity|Dose", "体积|容量|用量"),
    "mg": _names("Dose|Sodium|Content", "剂量|钠|含量"),
    "K": _names("Temperature|Melting point|Boiling point", "温度|熔点|沸点"),
}
"""By what a column holds, or by the unit of its numbers."""
