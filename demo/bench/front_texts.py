"""Texts of the demo's front page, in both languages."""

FRONT_TEXTS = {
    "en": {
        "title": "Willow Bank",
        "lead": (
            "A compound of 60 homes and three gates on this machine. Server, gates and pages are the real "
            "ones; readers, locks and cameras are simulated. Ctrl-C in the terminal removes it all."
        ),
        "street": "Open the street",
        "street_lead": "Three gates. Hold a card to a reader, press Fire, pull a cable, and look what moves.",
        "screen": "Open the north gate's screen",
        "screen_lead": "As at the gate: ways in, calls to homes, help.",
        "enter": "Enter as",
        "enter_lead": (
            "One press signs this browser in. It is one person at a time; a private window can be another."
        ),
        "manager": "Manager",
        "manager_lead": "Gates, people, alarms, and who would lose access before an act.",
        "guard": "Guard",
        "guard_lead": "Answers calls, opens for a reason, sees each gate.",
        "resident": "Resident",
        "resident_lead": "{name} of {home}: her ways in, visitors, calls.",
        "visitor": "Visitor",
        "visitor_lead": "The pass that {name} sent, as a link.",
        "family": "One home, four ways in",
        "family_lead": "{names} live in {home}. Each way works at the north gate.",
        "card": "Card",
        "card_do": "On the street, hold {name}'s card to the reader.",
        "pin": "PIN",
        "pin_do": "Home, #, PIN, # at the keypad:",
        "phone": "Phone",
        "phone_do": "Enter as resident: My code. On the street it is {name}'s phone before the camera.",
        "face": "Face",
        "face_do": "{name} agreed on the phone and at the gate. Press Face on its screen, type {typed}, OK.",
        "face_not_yet": "{name} has not agreed yet: the street has a button for it.",
        "comma": ", ",
        "language": "中文",
    },
    "zh": {
        "title": "柳岸家园",
        "lead": (
            "本机上的一个小区：60 户，三个门。服务器、门控程序和页面都是真的，读卡器、锁和摄像头由程序模拟。"
            "在终端按 Ctrl-C 即全部删除。"
        ),
        "street": "看街景",
        "street_lead": "三个门。刷卡、按火警、拔线，看哪里会动。",
        "screen": "打开北门的屏幕",
        "screen_lead": "和门口一样：开门方式、呼叫住户、求助。",
        "enter": "以谁的身份进入",
        "enter_lead": "按一下即登录。一个浏览器同时只能是一个人；无痕窗口可以是另一个人。",
        "manager": "物业经理",
        "manager_lead": "门、住户、报警；每项操作之前先看谁会受影响。",
        "guard": "保安",
        "guard_lead": "接听呼叫，选择理由开门，查看每个门。",
        "resident": "住户",
        "resident_lead": "{home} 的{name}：开门方式、访客、呼叫。",
        "visitor": "访客",
        "visitor_lead": "{name}发来的访客通行证，一个链接。",
        "family": "一家三口，四种开门方式",
        "family_lead": "{names}住在 {home}。四种方式都能开北门。",
        "card": "门卡",
        "card_do": "在街景里把{name}的门卡贴近读卡器。",
        "pin": "密码",
        "pin_do": "在键盘上输入房号、#、密码、#：",
        "phone": "手机",
        "phone_do": "以住户身份进入，打开“我的码”。在街景里，{name}的手机可以对准摄像头。",
        "face": "刷脸",
        "face_do": "{name}在手机上和门前都已同意。在门的屏幕上按“刷脸”，输入 {typed} 后按“确定”。",
        "face_not_yet": "{name}还没有同意：街景里有按钮。",
        "comma": "、",
        "language": "English",
    },
}
