"""What Ihlamur sells: sixty cosmetics with the prices of the first day, VAT included."""

from __future__ import annotations

from dataclasses import dataclass

SHOP_NAME = "Ihlamur Kozmetik"
SHOP_URL = "https://ihlamur.example.com"


@dataclass(frozen=True)
class Product:
    id: str
    name: str
    categories: tuple[str, ...]
    #: Kuruş, on the first day of the year.
    base_price: int
    #: How often it is bought, against the others.
    weight: int
    #: Months (1 to 12) in which it sells three times as well.
    season: tuple[int, ...] = ()

    @property
    def sku(self) -> str:
        return "IHL-" + self.id.upper()[:28]

    @property
    def url(self) -> str:
        return f"{SHOP_URL}/urun/{self.id}"


_SUMMER, _WINTER = (5, 6, 7, 8), (11, 12, 1, 2)

# category: (id, name, price in lira, weight, further category or "", season)
_SHELVES: dict[str, list[tuple[str, str, int, int, str, tuple[int, ...]]]] = {
    "Cilt Bakımı": [
        ("gul-suyu-tonik", "Isparta Gül Suyu Tonik 200 ml", 229, 14, "Tonik", ()),
        ("hyaluronik-serum", "Hyalüronik Asit Serum 30 ml", 449, 16, "Serum", ()),
        ("c-vitamini-serum", "C Vitamini Aydınlatıcı Serum 30 ml", 529, 14, "Serum", ()),
        ("niasinamid-serum", "Niasinamid %10 Gözenek Serumu 30 ml", 419, 13, "Serum", ()),
        ("retinol-gece-kremi", "Retinol Gece Kremi 50 ml", 599, 8, "Nemlendirici", _WINTER),
        ("nemlendirici-hafif", "Hafif Nemlendirici Jel Krem 50 ml", 379, 15, "Nemlendirici", _SUMMER),
        ("nemlendirici-yogun", "Yoğun Nemlendirici Krem 50 ml", 399, 12, "Nemlendirici", _WINTER),
        ("kopuk-temizleyici", "Yüz Temizleme Köpüğü 150 ml", 249, 15, "Temizleyici", ()),
        ("misel-su", "Misel Su 400 ml", 219, 13, "Temizleyici", ()),
        ("kil-maskesi", "Kil Maskesi 75 ml", 269, 8, "Maske", ()),
        ("kagit-maske-uclu", "Kâğıt Maske Üçlü Paket", 189, 9, "Maske", ()),
        ("goz-cevresi", "Göz Çevresi Kremi 15 ml", 369, 9, "Nemlendirici", ()),
        ("leke-karsiti-krem", "Leke Karşıtı Bakım Kremi 30 ml", 559, 6, "Nemlendirici", ()),
        ("dudak-balmi", "Balmumlu Dudak Balmı", 99, 14, "", _WINTER),
    ],
    "Makyaj": [
        ("fondoten-mat", "Mat Bitişli Fondöten 30 ml", 459, 10, "Ten", ()),
        ("bb-krem", "Renkli BB Krem SPF 30", 389, 8, "Ten", _SUMMER),
        ("kapatici", "Likit Kapatıcı 6 ml", 259, 9, "Ten", ()),
        ("allik-gul-kurusu", "Allık Gül Kurusu", 279, 8, "Ten", ()),
        ("aydinlatici-inci", "İnci Aydınlatıcı", 299, 6, "Ten", ()),
        ("maskara-hacim", "Hacim Veren Maskara", 289, 13, "Göz", ()),
        ("goz-kalemi-siyah", "Suya Dayanıklı Göz Kalemi Siyah", 169, 10, "Göz", ()),
        ("far-paleti-toprak", "Toprak Tonları Far Paleti", 529, 5, "Göz", ()),
        ("kas-jeli", "Şeffaf Kaş Jeli", 179, 7, "Göz", ()),
        ("ruj-mat-nar", "Mat Ruj Nar Çiçeği", 239, 11, "Dudak", ()),
        ("ruj-nemli-mercan", "Nemlendiren Ruj Mercan", 229, 9, "Dudak", ()),
        ("oje-visne", "Oje Vişne Çürüğü", 89, 8, "Tırnak", ()),
        ("oje-sut-beyazi", "Oje Süt Beyazı", 89, 7, "Tırnak", ()),
        ("makyaj-firca-seti", "Beşli Makyaj Fırçası Seti", 649, 3, "Aksesuar", ()),
    ],
    "Saç Bakımı": [
        ("sampuan-argan", "Argan Yağlı Şampuan 400 ml", 239, 13, "Şampuan", ()),
        ("sampuan-kati", "Katı Şampuan Biberiye", 199, 6, "Şampuan", ()),
        ("sampuan-kepek", "Kepeğe Karşı Şampuan 400 ml", 259, 7, "Şampuan", _WINTER),
        ("sac-kremi-badem", "Badem Sütlü Saç Kremi 300 ml", 219, 10, "Saç Kremi", ()),
        ("sac-maskesi-keratin", "Keratin Saç Maskesi 250 ml", 329, 8, "Saç Maskesi", ()),
        ("sac-yagi-cay-agaci", "Biberiye ve Çay Ağacı Saç Yağı 100 ml", 289, 10, "Saç Yağı", ()),
        ("sac-serumu-isil", "Işıltı Veren Saç Serumu 50 ml", 309, 6, "Saç Yağı", ()),
        ("isi-koruyucu", "Isıya Karşı Koruyucu Sprey 150 ml", 279, 5, "", ()),
    ],
    "Vücut Bakımı": [
        ("dus-jeli-turunc", "Turunç Çiçeği Duş Jeli 500 ml", 179, 11, "Duş", ()),
        ("dus-jeli-lavanta", "Lavanta Duş Jeli 500 ml", 179, 9, "Duş", ()),
        ("vucut-losyonu-shea", "Shea Yağlı Vücut Losyonu 400 ml", 289, 10, "Losyon", _WINTER),
        ("vucut-peelingi-kahve", "Kahveli Vücut Peelingi 250 g", 259, 6, "Peeling", ()),
        ("el-kremi-zeytin", "Zeytinyağlı El Kremi 75 ml", 129, 14, "El Kremi", _WINTER),
        ("defne-sabunu", "Hatay Defne Sabunu Üçlü", 149, 11, "Sabun", ()),
        ("deodorant-doga", "Alüminyumsuz Deodorant 50 ml", 189, 9, "", _SUMMER),
    ],
    "Parfüm": [
        ("edp-ihlamur", "Ihlamur Çiçeği Eau de Parfum 50 ml", 1290, 6, "Kadın", (2, 5, 12)),
        ("edp-beyaz-misk", "Beyaz Misk Eau de Parfum 50 ml", 1190, 5, "Kadın", (2, 5, 12)),
        ("edp-tutun-amber", "Tütün ve Amber Eau de Parfum 50 ml", 1390, 4, "Erkek", (2, 6, 12)),
        ("kolonya-limon", "Limon Kolonyası 400 ml", 199, 12, "Kolonya", (3, 5, 6)),
        ("kolonya-tutun", "Tütün Kolonyası 200 ml", 169, 6, "Kolonya", (3, 5, 6)),
        ("oda-kokusu-incir", "İncir Yaprağı Oda Kokusu 100 ml", 389, 5, "Ev", _WINTER),
    ],
    "Güneş": [
        ("gunes-kremi-50", "Güneş Kremi SPF 50+ 50 ml", 429, 12, "Koruma", _SUMMER),
        ("gunes-sutu-cocuk", "Çocuklar İçin Güneş Sütü SPF 50 150 ml", 489, 4, "Koruma", _SUMMER),
        ("gunes-spreyi", "Güneş Spreyi SPF 30 200 ml", 459, 5, "Koruma", _SUMMER),
        ("gunes-sonrasi-aloe", "Güneş Sonrası Aloe Vera Jeli 200 ml", 239, 6, "Bakım", _SUMMER),
    ],
    "Erkek Bakım": [
        ("tiras-kopugu", "Hassas Ciltler İçin Tıraş Köpüğü 200 ml", 169, 6, "Tıraş", ()),
        ("tiras-sonrasi-balsam", "Tıraş Sonrası Balsam 100 ml", 249, 5, "Tıraş", ()),
        ("sakal-yagi", "Sedir Ağaçlı Sakal Yağı 30 ml", 279, 5, "Sakal", ()),
        ("erkek-yuz-kremi", "Erkekler İçin Yüz Kremi 50 ml", 349, 4, "Nemlendirici", ()),
    ],
    "Hediye": [
        ("set-cilt-baslangic", "Cilt Bakımına Başlangıç Seti", 899, 4, "Set", (2, 5, 12)),
        ("set-hamam", "Hamam Seti: Kese, Sabun, Kolonya", 549, 5, "Set", (2, 5, 12)),
        ("set-mini-bakim", "Seyahat Boyu Bakım Seti", 459, 5, "Set", (6, 7, 12)),
    ],
}

PRODUCTS: tuple[Product, ...] = tuple(
    Product(id, name, (category, further) if further else (category,), lira * 100 - 10, weight, season)
    for category, shelf in _SHELVES.items()
    for id, name, lira, weight, further, season in shelf
)

#: Days since the first day on which every price goes up, and by how many percent.
PRICE_RISES = ((70, 9), (230, 11))


def price(product: Product, day: int) -> int:
    """Kuruş on a day of the year, counted from 0; always ends in 90 kuruş, as shops like it."""
    amount = product.base_price
    for from_day, percent in PRICE_RISES:
        if day >= from_day:
            amount = (amount * (100 + percent) // 100) // 100 * 100 + 90
    return amount
