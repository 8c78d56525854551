"""Sheets of people sent on the manager's page."""

import io
import re

from tests.support.compounds.resident import csrf_of

PATH = "/manage/people/import"
WRONG = (
    "home,name,kind,card\n"
    "7-0101,Right,resident,7100001\n"
    "7/0102,Home,resident,7100002\n"
    "7-0103,,dog,zebra\n"
    "31-203,Dash,resident,7100004\n"
    "7-0105,Taken,resident,4200005\n"
    "7-0106,=HYPERLINK(0),resident,7100006\n"
    "7-0107,＝1+1,resident,7100006\n"
    "\n"
    "3-1203,王芳,resident,\n"
    "7-0108,Twin,resident,\n"
    "7-0108,Twin,resident,,left over\n"
)


def upload(client, data, name="people.csv", **fields):
    """Send a file with the page's form; a large body lies in a file of the test client's, closed here."""
    token = csrf_of(client.get(PATH).text)
    answer = client.post(PATH, data={"csrf_token": token, "file": (io.BytesIO(data), name), **fields})
    answer.request.environ["wsgi.input"].close()
    return answer


def hidden_of(html):
    """Return what the page's own yes sends."""
    form = html.partition(f'action="{PATH}/confirm"')[2].partition("</form>")[0]
    return {
        name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', form)[1]
        for name in ("csrf_token", "once", "sheet")
    }


def cell_of(html, row, column):
    """Return a cell of the table of rows to correct."""
    line = html.partition(f'id="row-{row}"')[2].partition("</tr>")[0]
    return line.partition(f'<td data-label="{column}"')[2].partition("</td>")[0]


LONG = "home,name,kind,card\n" + "".join(f"{i}-1,P{i},,{8_000_000 + i}\n" for i in range(1, 301))


def job_of(answer):
    return answer.headers["Location"].rpartition("/")[2]
