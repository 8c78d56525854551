"""Look at a card at the desk."""

import re


def hidden_of_first(client, page="/manage/lost-card"):
    text = client.get(page).text
    form = re.search(r'<form class="card-box" method="post">.*?</form>', text, re.DOTALL)[0]
    return dict(re.findall(r'name="([^"]+)" type="hidden" value="([^"]*)"', form))


def look(client, number):
    return client.post("/manage/lost-card", data=hidden_of_first(client) | {"number": number})
