"""Help for a lost phone is found from the sign-in, and the way back."""

from tests.support.compounds.resident import Compound


def test_who_lost_the_phone_finds_help_from_the_sign_in_and_back(small_compound: Compound) -> None:
    stranger = small_compound.app.test_client()
    assert 'href="/r/help"' in stranger.get("/r/sign-in").text
    assert 'href="/r/sign-in"' in stranger.get("/r/help").text
