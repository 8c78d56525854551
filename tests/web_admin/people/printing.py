"""Print runs on their page."""

import re

from sqlalchemy import select

from tests.support.act_previews import done
from tests.support.compounds.desk import hidden_of, read
from tests.support.compounds.resident import csrf_of
from web_admin.people.print_models import PrintRun


def begin(client, kind, buildings, **more):
    page = client.get("/manage/print").text
    form = re.search(r'<form class="card-box" method="post">.*?</form>', page, re.DOTALL)[0]
    hidden = dict(re.findall(r'name="([^"]+)" type="hidden" value="([^"]*)"', form))
    return client.post("/manage/print", data=hidden | {"kind": kind, "buildings": buildings, **more})


def press(client, where, name):
    """Press a button of a run's page."""
    sent = client.post(f"{where}/{name}", data=hidden_of(client.get(where).text, f"{where}/{name}"))
    return done(client, sent)


def make_all(client, where):
    """Make a run to its end, part by part, and return what each part answered."""
    token = csrf_of(client.get(where).text)
    answers = []
    for _part in range(9):
        answers.append(
            client.post(
                f"{where}/step", data={"csrf_token": token}, headers={"Accept": "application/json"}
            ).json
        )
    return answers


def the_run(compound):
    return read(compound, lambda s: s.scalars(select(PrintRun).order_by(PrintRun.created_at.desc())).first())
