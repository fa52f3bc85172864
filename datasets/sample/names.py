"""Invented names, the same in Chinese and in pinyin."""

import numpy as np

CITY = ("锦澜市", "Jinlan City")
LAKE = ("澜湖", "Lan Lake")
CANAL = ("锦澜运河", "Jinlan Grand Canal")
MOAT = ("环城河", "Huancheng Moat")
DISTRICTS = (
    ("锦城区", "Jincheng District"),
    ("澜滨区", "Lanbin District"),
    ("东澜区", "Donglan District"),
    ("云山区", "Yunshan District"),
)

_FIRST = (
    "云Yun 锦Jin 梅Mei 溪Xi 兰Lan 松Song 竹Zhu 桂Gui 荷He 枫Feng 青Qing 白Bai 望Wang 听Ting "
    "映Ying 秀Xiu 文Wen 崇Chong 景Jing 瑞Rui 嘉Jia 永Yong 安An 惠Hui 宁Ning 泰Tai 春Chun "
    "新Xin 东Dong 南Nan 北Bei 芦Lu 柳Liu 桃Tao 杏Xing 石Shi 龙Long 凤Feng 玉Yu 金Jin"
)
_SECOND = (
    "溪xi 塘tang 桥qiao 湾wan 渡du 泽ze 浦pu 渚zhu 坊fang 庭ting 苑yuan 阳yang 山shan 林lin "
    "泉quan 丰feng 安an 宁ning 和he 兴xing 华hua 康kang 平ping 舟zhou 月yue 霞xia 岸an 里li "
    "庄zhuang 墅shu 圩wei 汀ting 田tian 岭ling 港gang 墩dun 潭tan 沙sha 松song 竹zhu"
)


class Names:
    """A seeded supply of two-character names that never repeats one with the same suffix."""

    def __init__(self, seed: int) -> None:
        first, second = _FIRST.split(), _SECOND.split()
        pairs: dict[str, str] = {}
        for a in first:
            for b in second:
                if a[0] != b[0]:
                    pairs.setdefault(a[1:] + b[1:], a[0] + b[0])
        self._pairs = [(zh, en) for en, zh in pairs.items()]
        self._rng = np.random.default_rng([seed, 40])
        self._left: dict[str, list[int]] = {}

    def take(self, suffix_zh: str, suffix_en: str) -> tuple[str, str]:
        """The next name with its suffix, such as 云溪路 and Yunxi Road."""
        if not self._left.get(suffix_en):
            self._left[suffix_en] = self._rng.permutation(len(self._pairs)).tolist()
        zh, en = self._pairs[self._left[suffix_en].pop()]
        return zh + suffix_zh, f"{en} {suffix_en}"
