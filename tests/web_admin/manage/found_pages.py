"""The search of the office, and the pages that open without an id."""

PATH = "/manage/search/"


def found(client, text: str):
    answer = client.get(PATH, query_string={"q": text})
    return answer if answer.status_code == 302 else answer.text.partition("<main")[2]
