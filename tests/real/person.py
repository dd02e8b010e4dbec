"""Somebody with a browser: signs in to Sluice as one does, and calls as its pages do."""

import html
import http.cookiejar
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request

ANSWER_SECONDS_MAX = 60


class Refused(Exception):
    """Sluice said no, and why."""


class _Stays(urllib.request.HTTPRedirectHandler):
    """A redirect is looked at, not followed."""

    def redirect_request(self, *_all):
        return None


class Person:
    def __init__(self, origin: str, login: str):
        self._origin = origin
        self._http = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            _Stays,
        )
        self._sign_in(login)

    def post(self, endpoint: str, **fields: str) -> str | None:
        """Calls a server function that changes something; gives where it leads to."""
        form = {f"request[{name}]": value for name, value in fields.items()}
        _, headers, _ = self._call(
            f"{self._origin}/fn/{endpoint}",
            form,
            {"Origin": self._origin, "x-sluice": "1", "Accept": "application/json"},
        )
        return headers.get("Location")

    def read(self, endpoint: str, **query: str) -> dict:
        _, _, body = self._call(
            f"{self._origin}/fn/{endpoint}?{urllib.parse.urlencode(query)}",
            None,
            {"x-sluice": "1", "Accept": "application/json"},
        )
        return json.loads(body)

    def _sign_in(self, login: str) -> None:
        sent = self._open(f"{self._origin}/sign-in?return_to=%2Fruns")
        asking = self._call(sent, None, {"Accept": "text/html"})[2]
        asked = html.unescape(re.search(r'name="asked" value="([^"]+)"', asking).group(1))
        provider = urllib.parse.urlsplit(sent)
        issuer = re.sub(r"/authorize$", "", f"{provider.scheme}://{provider.netloc}{provider.path}")
        chosen = self._call(
            f"{issuer}/sign-in",
            {"asked": asked, "login": login},
            {"sec-fetch-site": "same-origin"},
        )[1]["Location"]
        back = self._open(chosen)
        if back != "/runs":
            raise Refused(f"{login} is not signed in: {back}")

    def _open(self, url: str) -> str:
        return self._call(url, None, {"Accept": "text/html"})[1]["Location"]

    def _call(self, url: str, form: dict | None, headers: dict):
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(url, data, headers)
        try:
            with self._http.open(request, timeout=ANSWER_SECONDS_MAX) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            body = error.read().decode()
            if error.code < 400:
                return error.code, error.headers, body
            raise Refused(f"{error.code} {body}") from None


def until(what: str, seconds: float, look):
    """Asks again until `look` gives something; what it gave last is told otherwise."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {seconds} s")
        time.sleep(0.2)
    return seen
