"""Who buys at Ihlamur. Common names, put together by chance; every address is at example.com or example.org, which belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chance import Chance

_WOMEN = (
    "Zeynep Elif Defne Azra Eylül Nehir Ebrar Miray Ecrin Zümra Ayşe Fatma Emine Hatice Merve Büşra Esra Gülşah Çiğdem Şeyma "
    "Özge Gizem İrem Işıl Sıla Damla Tuğçe Selin Ceren Pınar Yasemin Nilüfer Gökçe Aslı Duygu Ebru Sevgi Hülya Songül "
    "Şule Ülkü İpek Melis Derya Yağmur Buse Kübra Nazlı"
).split()
_MEN = (
    "Yusuf Mustafa Mehmet Ali Ahmet Ömer Emir Kerem Miraç Çınar Burak Emre Oğuz Onur Barış Deniz Serkan Uğur Tolga "
    "Volkan Gökhan İbrahim İsmail Hüseyin Hakan Cem Kaan Efe Umut Şahin Ozan Koray"
).split()
_FAMILIES = (
    "Yılmaz Kaya Demir Şahin Çelik Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan Kılıç Aslan Çetin Kara Koç Kurt Özkan Şimşek Polat "
    "Korkmaz Çakır Erdoğan Acar Güneş Bozkurt Aksoy Işık Tekin Güler Yavuz Keskin Ünal Turan Gül "
    "Özer Işıkçı İnan Avcı Sarı Taş Tunç Ateş Coşkun Özçelik "
    "Kaplan Uçar Ekinci Gündoğdu Akın Sönmez Ergün Toprak Bulut Karaca Bayraktar Dağlı Soylu İpekçi"
).split()
#: City, region, how many of a hundred live there.
_CITIES = (
    ("İstanbul", "Marmara", 34),
    ("Ankara", "İç Anadolu", 13),
    ("İzmir", "Ege", 11),
    ("Bursa", "Marmara", 7),
    ("Antalya", "Akdeniz", 7),
    ("Adana", "Akdeniz", 4),
    ("Konya", "İç Anadolu", 4),
    ("Kocaeli", "Marmara", 4),
    ("Eskişehir", "İç Anadolu", 3),
    ("Muğla", "Ege", 3),
    ("Gaziantep", "Güneydoğu Anadolu", 3),
    ("Samsun", "Karadeniz", 2),
    ("Trabzon", "Karadeniz", 2),
    ("Şanlıurfa", "Güneydoğu Anadolu", 1),
    ("Çanakkale", "Marmara", 1),
    ("Diyarbakır", "Güneydoğu Anadolu", 1),
)
_PLAIN = str.maketrans("çğıöşüâîûÇĞİÖŞÜI", "cgiosuaiucgiosui")


def plain(name: str) -> str:
    """A name as it stands in an e-mail address."""
    return name.translate(_PLAIN).lower()


@dataclass
class Person:
    number: int
    id: str
    first_name: str
    last_name: str
    email: str
    locale: str
    city: str
    region: str
    birthday: str | None
    accepts_marketing: bool
    #: once, now and then, regular, devoted
    habit: str
    #: Day and second of the year when they first come.
    joins_at: int
    #: When the account was opened; None while they buy as a guest.
    registered_at: int | None
    #: Was a customer before the shop came to Vefa.
    from_before: bool
    #: What the year was like for them; the survey's answers go by it.
    delays: int = 0
    refunds: int = 0
    spent: int = 0
    orders: int = 0
    last_delivery: int | None = field(default=None)

    def is_guest(self, second: int) -> bool:
        return self.registered_at is None or second < self.registered_at

    def brief(self, second: int) -> dict[str, Any]:
        """As an order or a cart names them."""
        known: dict[str, Any] = {} if self.is_guest(second) else {"id": self.id}
        return {**known, "email": self.email, "first_name": self.first_name, "last_name": self.last_name, "locale": self.locale}

    def profile(self) -> dict[str, Any]:
        """As `customer.created` says it."""
        whole: dict[str, Any] = {
            "id": self.id,
            "email": self.email,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "locale": self.locale,
            "timezone": "Europe/Istanbul",
            "country": "TR",
            "region": self.region,
            "city": self.city,
            "accepts_marketing": self.accepts_marketing,
        }
        if self.birthday:
            whole["birthday"] = self.birthday
        if self.from_before:
            whole["tags"] = ["eski-musteri"]
        return whole


def make_person(number: int, tag: str, chance: Chance, first_year: int) -> Person:
    """Everything but when they come and how often, which the year decides."""
    woman = chance.percent(86)
    first, last = chance.pick(_WOMEN if woman else _MEN), chance.pick(_FAMILIES)
    city, region, _ = _CITIES[chance.weighted([share for _, _, share in _CITIES])]
    birthday = None
    if chance.percent(55):
        birthday = f"{first_year - chance.middling(18, 62)}-{chance.between(1, 12):02d}-{chance.between(1, 28):02d}"
    domain = "example.com" if chance.percent(70) else "example.org"
    return Person(
        number=number,
        id=f"{tag}-c{number:04d}",
        first_name=first,
        last_name=last,
        email=f"{plain(first)}.{plain(last)}.{tag}{number}@{domain}",
        locale="en" if chance.percent(6) else "tr",
        city=city,
        region=region,
        birthday=birthday,
        accepts_marketing=chance.percent(58),
        habit="once",
        joins_at=0,
        registered_at=0,
        from_before=False,
    )
