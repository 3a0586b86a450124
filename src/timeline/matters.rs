//! What sentences tell of, in words that languages share: "truce" and «هدنة» are one matter, «в 13:00» and "at 1 p.m." one hour.
//!
//! In: a sentence without its dates, its language. Out: keys that are the same in every language of the table. The table holds what
//! news tells of again and again; a word that it lacks gives nothing. It never reads the story: how much a matter says there is
//! weighed in `words.rs`.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use crate::extract::fold::fold;

/// The languages of the table's columns.
const COLUMNS: [&str; 7] = ["ar", "en", "ru", "fr", "es", "de", "pt"];

/// A matter a row, a language a column: words apart by spaces; `*` stands for any ending, `+` joins the words of a phrase.
#[rustfmt::skip]
const MATTERS: [[&str; 7]; 62] = [
    // How fighting begins, goes on and ends.
    ["هدنة وقف+إطلاق+النار وقف+القتال وقف+الأعمال+القتالية سيتوقف+القتال", "ceasefire* cease+fire truce* armistice* stop+fighting fighting+end fighting+stop*", "перемири* прекращ*+огн* прекращ*+боев* боев*+действ*+останов* боев*+действ*+прекращ*", "cessez+le+feu trêve* armistice* armes+se+sont+tues fin+des+combats", "tregua* alto+el+fuego cese+el+fuego armisticio*", "waffenruhe* waffenstillstand* feuerpause*", "cessar+fogo trégua* armistício*"],
    ["عملية+عسكرية هجوم* هجمات هجومها العملية اجتياح غزو إجراءات+محلية", "offensive* assault* attack* invasion* invade* incursion* anti+terrorist military+operation", "наступлен* нападен* вторжен* атак* операци* антитеррор* мероприят*", "offensive* attaque* assaut* invasion* incursion* opération*", "ofensiva* ataque* asalto* invasión incursión operación+militar", "offensive* angriff* angegriffen überfall* invasion* einmarsch*", "ofensiva* ataque* invasão incursão operação+militar"],
    ["قصف* قصفت غارة غارات ضربة ضربات ضربت+قوات", "shell* bombed bombing* bombard* airstrike* air+strike* strike struck strikes artillery", "обстрел* удар* бомб* артиллер*", "bombard* frappe* raid* artillerie tirs", "bombard* artillería ataque+aéreo ataques+aéreos", "beschuss beschoss* bombard* luftangriff* artillerie", "bombard* artilharia ataque+aéreo ataques+aéreos"],
    ["صاروخ* صواريخ الصاروخ", "missile* rocket*", "ракет*", "missile* roquette* fusée*", "misil* cohete*", "rakete*", "míssil mísseis foguete*"],
    ["مسيرة مسيرات مسيّرات طائرة+مسيرة", "drone* uav*", "беспилотн* дрон*", "drone*", "dron drones", "drohne*", "drone*"],
    ["اشتباك* معارك قتال", "clash* fighting battle* combat", "бои боях столкновен* сражен*", "combat* affrontement*", "combate* enfrentamiento* choques", "kämpfe* gefecht*", "combate* confronto*"],
    ["استسلام* استسلم* سلاحها سلاحه تسليم+السلاح نزع+السلاح نزع+سلاح ألقوا+السلاح", "surrender* capitulat* disarm* lay+down+their+arms weapons+handed", "капитул* сдач*+оруж* разоруж* сложи*+оруж*", "capitulation* reddition* désarm* déposé+les+armes", "rendición rindi* capitulación desarm*", "kapitul* entwaffn* ergab*", "rendição capitul* desarm*"],
    ["انسحاب* انسحب* سحب", "withdraw* pull+out pull+back retreat*", "вывод* вывед* отвод* отступ*", "retrait* retir* repli*", "retirada* retir* repliegue*", "rückzug* abzug* abgezogen", "retirada* retir*"],
    ["حفظ+السلام", "peacekeep*", "миротвор*", "maintien+de+la+paix casques+bleus", "mantenimiento+de+la+paz cascos+azules", "friedenstrupp* blauhelm*", "manutenção+da+paz capacetes+azuis"],
    ["رهائن رهينة محتجزين محتجزون محتجزًا المحتجزين", "hostage* captiv*", "заложник*", "otage*", "rehén rehenes", "geisel*", "refém reféns"],
    ["أسير أسرى سجناء سجين معتقلين", "prisoner* jails inmates", "заключенн* пленны*", "prisonnier* détenus", "preso presos prisioner*", "gefangene* häftling*", "preso presos prisioneir*"],
    ["إفراج أفرجت أفرج إطلاق+سراح", "freed released release", "освобо* отпущ*", "libér*", "liber*", "freigelassen freilassung*", "libert* solt*"],
    ["تبادل", "exchange* swap*", "обмен*", "échange*", "intercambi* canje*", "austausch*", "troca trocas"],
    // Accords and talks.
    ["محادثات مفاوضات مباحثات مشاورات يلتقي لقاء التقى اجتماع يجتمع اجتمع", "talks negotiat* meeting met", "переговор* встреч* заседан*", "pourparlers négociation* discussions réunion réuni réunis rencontr*", "conversaciones negociaci* reunión reuni* encuentro", "verhandlung* gespräche treffen", "negocia* conversações reunião reuni* encontro"],
    ["اتفاق* اتفقتا اتفقا صفقة", "agreement* accord deal agreed", "соглашен* договор* сделк*", "accord accords convenu", "acuerdo* pacto* acordar*", "abkommen* vereinbar* einigung*", "acordo* pacto*"],
    ["وقع وقّع وقّعت توقيع يوقعان الموقع الموقعة", "sign signed signs signing put+their+names", "подпис*", "signé signée signent signature*", "firma* firmó firmaron", "unterzeich* unterschr*", "assina* assinou"],
    ["تمديد مدد مدّدت تمدد", "extend* extension* prolong* one+more+day", "продл*", "prolong* prorog*", "prórroga prorrog* prolong* extensión", "verlänger*", "prorrog* prolong*"],
    ["دخل+حيز دخول+حيز حيز+التنفيذ بدأ+سريان سريان", "take+effect takes+effect took+effect came+into+force come+into+force entered+into+force", "вступи*+в+сил* вступл*", "entré+en+vigueur entrée+en+vigueur entre+en+vigueur", "entró+en+vigor entrada+en+vigor", "trat+in+kraft tritt+in+kraft inkrafttreten", "entrou+em+vigor entrada+em+vigor"],
    ["وساطة وسطاء وسيط توسط*", "brokered mediat* broker", "посредни*", "médiat* médiation", "mediaci* mediad*", "vermittl* vermittel*", "mediaç* mediad*"],
    ["عقوبات", "sanction*", "санкци*", "sanction*", "sanciones sanción", "sanktion*", "sanções sanção"],
    ["صادق وافق وافقت أقر أقرت تصويت صوّت صوت", "approve* vote* ratif* accepted accepts accept agreed", "одобр* утверд* ратифи* голосов* проголос*", "approuv* vot* ratifi* adopt* accepté", "aprob* vot* ratific* aceptó", "billig* abstimm* ratifizier* stimmte", "aprov* vot* ratific*"],
    ["إعادة+الإدماج إدماج دمج الإدماج إدماجهم", "reintegrat* integrat*", "реинтеграц* интеграц*", "réintégr* intégr*", "reintegr* integraci*", "reintegr* integration*", "reintegr* integraç*"],
    // Government, law, people in the street.
    ["احتجاج* محتجين محتجون متظاهر* مظاهر* تظاهر*", "protest* demonstrat* rall*", "протест* митинг* демонстр*", "manifest* protest*", "protest* manifest*", "protest* demonstr* kundgebung*", "protest* manifest*"],
    ["استقالة استقال* باستقالته استقالته", "resign* step+down stepped+down", "отставк* подал*+в+отставк*", "démission*", "dimisión dimiti* renunci*", "rücktritt* zurückgetreten trat+zurück", "demissão demiti* renúnci* renunci*"],
    ["انتخاب*", "election* elect elected", "выбор* избра*", "élection* élu élue", "elecciones elección elegid*", "wahl wahlen gewählt", "eleição eleições eleito*"],
    ["محكمة محاكمة قاض", "court courts trial judge* tribunal*", "суд суда суде судья трибунал*", "tribunal* procès juge juges", "tribunal* juicio juez", "gericht* prozess richter*", "tribunal* julgamento juiz"],
    ["تحقيق تحقيقًا", "investigat* inquiry probe", "расследов* следств*", "enquête*", "investiga*", "ermittl* untersuch*", "investiga* inquérito*"],
    ["اعتقل* اعتقال* توقيف أوقف* احتجز احتجزت", "detain* arrest*", "задерж* арест*", "arrêté arrêtés interpell* arrestation*", "detuv* detenid* arrest* detención", "festgenommen festnahm* verhaft*", "detid* pres+em prendeu detenç*"],
    ["حل+المؤسسات بحل+المؤسسات حلّ مرسوم*", "dissol* disband* decree*", "роспуск* распусти* указ упраздн* прекращ*+существ*", "dissolution dissou* décret*", "disolución disolv* decret*", "auflösung aufgelöst aufgelöst dekret*", "dissolução dissolv* decret*"],
    ["مجلس+الأمن", "security+council", "совет*+безопасности+оон совбез*", "conseil+de+sécurité", "consejo+de+seguridad", "sicherheitsrat*", "conselho+de+segurança"],
    ["الأمم+المتحدة المنظمة+الدولية الأممي", "united+nations", "оон", "nations+unies onu", "naciones+unidas onu", "vereinte+nationen uno", "nações+unidas onu"],
    ["بعثة", "mission", "миссия миссии миссию", "mission", "misión", "mission", "missão"],
    ["برلمان* النواب", "parliament* lawmaker* congress*", "парламент* депутат*", "parlement* député* assemblée", "parlament* congreso diputad*", "parlament* abgeordnet* bundestag*", "parlament* congresso deputad*"],
    ["اعتذر* اعتذار*", "apolog*", "извин*", "excus* présenté+ses+excuses", "disculp*", "entschuldig*", "desculp*"],
    ["اتصال+هاتفي هاتفيا مكالمة", "telephone* phone* call+on", "телефон* созвон*", "téléphon*", "telefon* llamada", "telefon* telefonat*", "telefon* ligação"],
    ["خطاب كلمة+متلفزة متلفز", "televised address speech", "обращен* выступи* речь", "discours allocution*", "discurso*", "ansprache* rede", "discurso*"],
    ["عقيدة", "doctrine*", "доктрин* основы+ядерн*", "doctrine*", "doctrina*", "doktrin*", "doutrina*"],
    ["نووي* النووي*", "nuclear", "ядерн*", "nucléaire*", "nuclear*", "atom* nuklear*", "nuclear*"],
    ["أجاز إذن سمح سمحت أذن رفع+الحظر", "authori* allow* lifted+the+ban permission", "разреш*", "autoris* feu+vert", "autoriz* permit*", "erlaub* genehmig* freigabe", "autoriz* permit*"],
    // What befalls people.
    ["قتل قتلى قتيل مقتل قُتل القتلى الضحايا ضحايا جثامين لقوا+حتفهم وفاة توفي", "killed dead deaths death died toll bodies victims", "погиб* убит* жертв* смерт* умер*", "morts mort tués tué tuée victime* corps bilan", "muert* víctima* fallec* murió murieron", "tote toten getötet starb starben opfer ums+leben", "mort* vítima* morreu morreram"],
    ["جريح جرحى أصيب أصابت إصابات المصابين مصابين الجرحى", "wounded injur* hurt", "ранен* пострада*", "blessé*", "herid*", "verletzt* verwundet*", "ferid*"],
    ["مفقود* المفقودين", "missing", "пропавш* без+вести", "disparus disparu portés+disparus", "desaparecid*", "vermisst*", "desaparecid*"],
    ["نازح* نزح* نزوح لاجئ* فرّ فر هجر مغادرة غادر* عبرت+أولى وصلوا", "flee* fled flight exodus displaced refugee* evacuat* families+arrived crossed", "бежен* бежал* бегств* исход эваку* покину* уехавш* прибы*", "fui* fuite exode réfugié* évacu* déplacés quitté arrivants exilés", "huy* huid* éxodo refugiad* evacu* desplazad*", "flieh* flucht flohen geflohen flüchtling* evakuier* vertrieb*", "fug* êxodo refugiad* evacu* deslocad*"],
    ["عاد عادت عائد* العائدة عودة", "return* came+back", "верну* возвращ*", "retour* revenu*", "regres* volvier* retorn*", "rückkehr* zurückgekehrt", "regress* retorn* voltar*"],
    ["إنقاذ الإنقاذ أنقاض الأنقاض", "rescue* rubble survivors", "спасат* завал*", "secouris* sauvet* secours décombres", "rescat* escombros", "rettung* retter* trümmer*", "resgat* escombros"],
    ["مساعدات مساعدة إغاثة", "aid relief", "гуманитар* помощь помощи", "aide aides humanitaire*", "ayuda humanitari*", "hilfe hilfsgüter* hilfs*", "ajuda humanitári*"],
    ["حداد", "mourning", "траур*", "deuil", "luto duelo", "trauer*", "luto"],
    ["مستشفى مستشفيات", "hospital* clinic*", "больниц* госпит*", "hôpital hôpitaux hospital*", "hospital*", "krankenh* klinik*", "hospita*"],
    ["وباء فيروس لقاح* إصابة+مؤكدة", "virus* pandemic* epidemic* vaccin* flu", "вирус* панде* эпидем* вакцин* прививк*", "virus pandémie épidémi* vaccin*", "virus pandemia epidemia vacun*", "virus pandemie* epidemie* impf*", "vírus pandemia epidemia vacin*"],
    // Disasters.
    ["زلزال* الزلزال هزة", "earthquake* quake* tremor* shock+of+magnitude", "землетряс* толчк*", "séisme* tremblement* secousse*", "terremoto* seísmo* sismo*", "erdbeben* beben", "terremoto* sismo*"],
    ["فيضان* سيول السيول", "flood*", "наводн* затоп* паводк*", "inondation* crue crues", "inundaci* riada*", "überschwemm* flut hochwasser*", "inundaç* enchente* cheia*"],
    ["سد سدين سدّي سدود السدود", "dam dams", "плотин* дамб*", "barrage barrages", "presa presas represa*", "damm dämme staudamm* staudämme*", "barragem barragens"],
    ["عاصفة إعصار العاصفة", "storm* hurricane* cyclone* typhoon*", "шторм* ураган* циклон* тайфун*", "tempête* ouragan* cyclone* typhon*", "tormenta* huracán ciclón tifón", "sturm* hurrikan* orkan* zyklon*", "tempestade* furacão ciclone* tufão"],
    ["انفجار* انفجر* ألغام لغم تفجير", "explo* blast* mine mines blew+up", "взрыв* взорва* мин минах подрыв*", "explos* mine mines", "explo* estall*", "explo* mine minen", "explo* mina minas"],
    ["حريق حرائق اندلع+حريق", "fire+broke blaze* wildfire* burn* burnt", "пожар* загор* ожог*", "incendie* brûl*", "incendio* quem*", "brand brände* feuer verbrann* verbrannt*", "incêndio* queim*"],
    ["وقود بنزين محروقات", "fuel* petrol gasoline", "топлив* горюч* бензин*", "carburant* essence combustible*", "combustible* gasolina", "treibstoff* benzin kraftstoff*", "combustíve* gasolina"],
    ["كهرباء الكهرباء التيار الطاقة", "electric* power+plant* power+grid power+cuts blackout* energy", "электр* энерг* обесточ* блэкаут*", "électri* énergie énergét* courant", "electric* eléctric* energ* apag*", "strom stromversorg* energie*", "elétric* eletric* energ* apag*"],
    ["مياه المياه", "water", "вода воды водоснаб*", "eau", "agua", "wasser*", "água"],
    // What it costs.
    ["سعر أسعار", "price*", "цена цены ценам", "prix", "precio*", "preis preise preisen", "preço*"],
    ["إضراب*", "walkout* go+on+strike on+strike", "забастов* бастов*", "grève*", "huelga*", "streik*", "greve*"],
    ["جسر جسور", "bridge bridges", "мост моста мосты мостов", "pont ponts", "puente*", "brücke*", "ponte pontes"],
    ["حدود معبر", "border checkpoint crossing", "границ* погранич* кпп", "frontière* frontali*", "fronter* paso+fronterizo", "grenze* grenzüb*", "fronteira*"],
];

/// A word of a phrase, folded.
struct Part {
    word: String,
    /// Whether any ending may follow.
    open: bool,
}

/// What a language's words and phrases stand for, by the first letters of the first word.
type Table = HashMap<String, Vec<(Vec<Part>, usize)>>;

/// Words from one part of a phrase to the next, at most.
const GAP: usize = 4;
/// Letters of a word by which the table is ordered.
const HEAD: usize = 3;

static TABLES: LazyLock<HashMap<&'static str, Table>> = LazyLock::new(|| {
    let mut tables: HashMap<&str, Table> = HashMap::new();
    for (matter, row) in MATTERS.iter().enumerate() {
        for (code, words) in COLUMNS.iter().zip(row) {
            for phrase in words.split_whitespace() {
                let parts: Vec<Part> = phrase
                    .split('+')
                    .map(|part| Part {
                        word: fold(part),
                        open: part.ends_with('*'),
                    })
                    .collect();
                let head = parts.first().map(|part| head(bare_article(&part.word, code)));
                let table = tables.entry(code).or_default();
                table.entry(head.unwrap_or_default()).or_default().push((parts, matter));
            }
        }
    }
    tables
});

fn head(word: &str) -> String {
    word.chars().take(HEAD).collect()
}

/// An Arabic word without its article.
fn bare_article<'a>(word: &'a str, lang: &str) -> &'a str {
    let bare = word.strip_prefix("ال").filter(|rest| rest.chars().count() >= HEAD);
    bare.filter(|_| lang == "ar").unwrap_or(word)
}

impl Part {
    fn is(&self, word: &str, lang: &str) -> bool {
        let (own, word) = (bare_article(&self.word, lang), bare_article(word, lang));
        match self.open {
            true => word.starts_with(own),
            false => word == own,
        }
    }
}

/// Keys of the matters that a sentence tells of, and of the hours of the day that it names. No matters in a language that the
/// table lacks.
pub fn keys(sentence: &str, lang: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let table = TABLES.get(lang);
    let folded = fold(sentence);
    let words: Vec<&str> = folded.split(' ').collect();
    let mut found = BTreeSet::new();
    for at in 0..words.len() {
        let rest = words.get(at..).unwrap_or_default();
        for first in spellings(rest.first().copied().unwrap_or_default(), lang) {
            let known = table.and_then(|table| table.get(&head(bare_article(first, lang))));
            for (parts, matter) in known.into_iter().flatten() {
                // The first part, and every other one within a few words of the one before it.
                let mut from = 1;
                let follows = parts.iter().skip(1).all(|part| {
                    let near = rest.get(from..).unwrap_or_default().iter().take(GAP);
                    let next = near.enumerate().find(|(_, word)| part.is(word, lang));
                    from += next.map_or(0, |(at, _)| at + 1);
                    next.is_some()
                });
                if follows && parts.first().is_some_and(|part| part.is(first, lang)) {
                    found.insert(format!("~{matter}"));
                }
            }
        }
    }
    let hours = hours(sentence, &words).map(|hour| format!("@{hour}"));
    (found, hours.collect())
}

/// Hours of the day in Arabic words, from one.
const ARABIC_HOURS: [&str; 12] = [
    "الواحده",
    "الثانيه",
    "الثالثه",
    "الرابعه",
    "الخامسه",
    "السادسه",
    "السابعه",
    "الثامنه",
    "التاسعه",
    "العاشره",
    "الحاديه عشره",
    "الثانيه عشره",
];
/// Words that put an hour before noon.
const MORNING: [&str; 9] = ["am", "صباح", "صباحا", "فجر", "فجرا", "утра", "manana", "manha", "matin"];
/// And after it.
const EVENING: [&str; 15] = [
    "pm",
    "ظهر",
    "ظهرا",
    "الظهر",
    "عصرا",
    "مساء",
    "ليلا",
    "дня",
    "вечера",
    "tarde",
    "noche",
    "noite",
    "soir",
    "midi",
    "nachmittags",
];
/// Words that stand before an hour, and ...
const AT: [&str; 9] = ["a", "um", "gegen", "в", "las", "as", "at", "vers", "к"];
/// ... behind it.
const OCLOCK: [&str; 9] = ["heures", "heure", "h", "uhr", "часов", "часа", "час", "horas", "hora"];
/// Words between an hour and what says which half of the day it is in, at most.
const HALF: usize = 5;

/// The hours of the day, 0 to 23, that a sentence names by the clock where it happened. `words` are its words, folded.
fn hours<'a>(sentence: &'a str, words: &'a [&'a str]) -> impl Iterator<Item = u32> + 'a {
    let numbered = |word: &str| word.parse::<u32>().ok().filter(|hour| *hour < 24 && word.len() <= 2);
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let half = move |from: usize, most: usize| {
        let near = words.get(from..).unwrap_or_default().iter().take(most);
        near.enumerate()
            .find_map(|(at, one)| match (*one, word(from + at + 1)) {
                ("p", "m") => Some(true),
                ("a", "m") => Some(false),
                _ if EVENING.contains(one) => Some(true),
                _ if MORNING.contains(one) => Some(false),
                _ => None,
            })
    };
    let on_the_clock = |hour: u32, half: Option<bool>| match half {
        Some(true) if hour < 12 => hour + 12,
        Some(false) if hour == 12 => 0,
        _ => hour,
    };
    let by_mark = sentence.split_whitespace().filter_map(move |piece| {
        let (hour, minute) = piece.trim_matches(|c: char| !c.is_alphanumeric()).split_once(':')?;
        let whole = minute.len() == 2 && minute.bytes().all(|byte| byte.is_ascii_digit());
        numbered(hour).filter(|_| whole)
    });
    let by_words = (0..words.len()).filter_map(move |at| {
        let hour = numbered(word(at))?;
        // "9.45 p.m." has its minutes between.
        let minutes = usize::from(word(at + 1).len() == 2 && word(at + 1).bytes().all(|byte| byte.is_ascii_digit()));
        let next = at + 1 + minutes;
        let said = half(next, 1);
        let called = AT.contains(&word(at.wrapping_sub(1))) && OCLOCK.contains(&word(next - minutes));
        (said.is_some() || called).then(|| on_the_clock(hour, said.or_else(|| half(next + 1, 2))))
    });
    let in_arabic = (0..words.len()).filter_map(move |at| {
        // The longer name first: the second hour begins the twelfth.
        let named = |name: &str| name.split(' ').enumerate().all(|(part, own)| word(at + part) == own);
        let hour = ARABIC_HOURS.iter().rposition(|name| named(name))? as u32 + 1;
        Some(on_the_clock(hour, Some(half(at + 1, HALF)?)))
    });
    by_mark.chain(by_words).chain(in_arabic)
}

/// A word, and in Arabic the word without what is written together with it.
fn spellings<'a>(word: &'a str, lang: &str) -> impl Iterator<Item = &'a str> {
    let bare = word.strip_prefix(['و', 'ف', 'ب', 'ل', 'ك']).filter(|_| lang == "ar");
    let with_article = word.strip_prefix("لل").filter(|_| lang == "ar");
    let twice = bare.and_then(|bare| bare.strip_prefix(['ب', 'ل', 'ك']));
    let long = |one: &&str| one.chars().count() >= HEAD;
    std::iter::once(word).chain([bare, with_article, twice].into_iter().flatten().filter(long))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matters(sentence: &str, lang: &str) -> BTreeSet<String> {
        keys(sentence, lang).0
    }

    fn at(sentence: &str, lang: &str) -> Vec<String> {
        keys(sentence, lang).1.into_iter().collect()
    }

    #[test]
    fn a_matter_has_one_key_in_all_languages() {
        for row in [
            [
                ("ar", "دخلت الهدنة حيز التنفيذ"),
                ("en", "The truce took effect"),
                ("ru", "Перемирие вступило в силу"),
                ("fr", "La trêve est entrée en vigueur"),
                ("es", "La tregua entró en vigor"),
                ("de", "Die Waffenruhe trat in Kraft"),
                ("pt", "A trégua entrou em vigor"),
            ],
            [
                ("ar", "وبالزلزال قُتل كثيرون"),
                ("en", "The earthquake killed many"),
                ("ru", "Землетрясение: много погибших"),
                ("fr", "Le séisme a tué"),
                ("es", "El terremoto deja muertos"),
                ("de", "Tote bei Erdbeben"),
                ("pt", "Terremoto deixa mortos"),
            ],
        ] {
            let first = matters(row[0].1, row[0].0);
            assert_eq!(first.len(), 2, "{first:?}");
            for (lang, sentence) in row {
                assert_eq!(matters(sentence, lang), first, "{sentence}");
            }
        }
        assert_ne!(
            matters("Thousands protested", "en"),
            matters("A truce was signed", "en")
        );
        assert!(matters("Перемирие вступило в силу", "xx").is_empty());
        assert!(matters("", "en").is_empty());
    }

    #[test]
    fn words_of_a_phrase_may_stand_a_little_apart() {
        let truce = matters("truce", "en");
        assert_eq!(
            matters("Fighting was to stop today", "en"),
            &truce | &matters("fighting", "en")
        );
        assert!(!matters("Fighting went on while the two who wanted it to stop met", "en").is_superset(&truce));
    }

    #[test]
    fn hours_are_read_as_each_language_writes_them() {
        for (lang, sentence) in [
            ("en", "It began at 1 p.m. local time."),
            ("en", "It began at 1.30 pm."),
            ("ru", "Началось в 13:00 по местному времени."),
            ("ru", "Началось в 13 часов."),
            ("fr", "Cela a commencé à 13 heures."),
            ("fr", "Cela a commencé à 13 h 30."),
            ("de", "Es begann um 13 Uhr."),
            ("es", "Empezó a las 13 horas."),
            ("ar", "بدأ عند الساعة الواحدة من ظهر اليوم."),
            ("ar", "بدأ عند الواحدة ظهرًا."),
        ] {
            assert_eq!(at(sentence, lang), ["@13"], "{sentence}");
        }
        assert_eq!(at("هزّ المدينة في الثانية عشرة ليلا.", "ar"), ["@12"]);
        assert_eq!(at("It ends at 12 a.m.", "en"), ["@0"]);
        for (lang, sentence) in [
            ("fr", "Après 24 heures de combats, 13 morts."),
            ("ru", "Через 13 часов боёв стихло."),
            ("en", "It killed 13 people."),
            ("ar", "الجولة الثانية من المحادثات."),
        ] {
            assert!(at(sentence, lang).is_empty(), "{sentence}");
        }
    }
}
