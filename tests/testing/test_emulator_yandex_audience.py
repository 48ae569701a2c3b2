"""The Yandex Audience emulator does what the vendor documents, refusals and quotas included."""

from __future__ import annotations

import io
from hashlib import md5, sha256

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.emulators.messages import Request
from retention_kit.testing.emulators.yandex_audience import YandexAudienceEmulator
from retention_kit.testing.emulators.yandex_audience.digests import Digests
from retention_kit.testing.emulators.yandex_audience.quotas import Quotas
from retention_kit.testing.emulators.yandex_audience.refusals import Refusal

pytestmark = pytest.mark.once

START = 1_790_000_000.0
DAY = 86_400
EMPTY = sha256(b"").hexdigest()


def sha(text):
    return sha256(text.encode()).hexdigest()


def phones(numbers):
    return [f"7900{number:07d}" for number in numbers]


def table(numbers, *, hashed=True):
    """Make a CSV file of a phone and an e-mail address for each number."""
    form = sha if hashed else str
    rows = (f"{form(f'7900{n:07d}')},{form(f'customer{n}@example.com')}" for n in numbers)
    return "\n".join(("phone,email", *rows))


class Client:
    """Speaks with an emulator as its integration."""

    def __init__(self, emulator, http):
        self.emulator = emulator
        self.http = http
        self.authorization = None

    def __call__(self, method, path, json=None, file=None):
        options = {} if json is None else {"json": json}
        if file is not None:
            body = file if isinstance(file, bytes) else file.encode()
            options["files"] = {"file": ("data.csv", body, "text/csv")}
        return self.http.request(
            method,
            f"{self.emulator.base_url}/{path}",
            headers={"Authorization": self.authorization or f"OAuth {self.emulator.access_token}"},
            **options,
        )

    def upload(self, file, path="segments/upload_csv_file"):
        answer = self("POST", path, file=file)
        assert answer.status_code == 200, answer.text
        return answer.json()["segment"]["id"]

    def confirm(self, segment, query="", **more):
        body = {
            "id": segment,
            "name": "Sleeping",
            "hashed": True,
            "hashing_alg": "SHA256",
            "content_type": "crm",
        }
        body = {name: value for name, value in (body | more).items() if value is not None}
        return self("POST", f"segment/{segment}/confirm{query}", {"segment": body})

    def made(self, numbers, **options):
        segment = self.upload(table(numbers, **options))
        more = {} if options.get("hashed", True) else {"hashed": False, "hashing_alg": None}
        answer = self.confirm(segment, "?check_size=false", **more)
        assert answer.status_code == 200, answer.text
        self.emulator.finish_processing()
        return segment

    def modify(self, segment, kind, file, query=""):
        path = f"segment/{segment}/modify_data?modification_type={kind}{query}"
        return self("POST", path, file=file)

    def listed(self):
        return {row["id"]: row for row in self("GET", "segments").json()["segments"]}


def counting(clock):
    counted = []
    return Quotas(clock.now, lambda name, at: counted.append((name, at))), counted


def until_midnight(clock):
    return DAY - (clock.now() + 3 * 3_600) % DAY


def refused(answer, status, error_type, location=None):
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["code"] == status
    (error,) = body["errors"]
    assert error["error_type"] == error_type
    assert body["message"] == error["message"]
    assert location is None or error["location"] == location
    return error["message"]


@pytest.fixture(scope="module")
def http():
    with httpx2.Client() as client:
        yield client


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def serve(http, clock):
    running = []

    def start(**options):
        options = {"clock": clock, "limits": False, **options}
        emulator = YandexAudienceEmulator(**options).start()
        running.append(emulator)
        return Client(emulator, http)

    yield start
    for emulator in running:
        emulator.stop()


@pytest.fixture
def ask(serve):
    return serve()


class TestTheToken:
    @pytest.mark.parametrize(
        ("header", "status", "error_type"),
        [
            ("Bearer emulated-audience-token", 401, "unauthorized"),
            ("emulated-audience-token", 401, "unauthorized"),
            ("OAuth", 401, "unauthorized"),
            ("OAuth guessed", 403, "invalid_token"),
        ],
    )
    def test_comes_in_the_form_oauth_alone(self, ask, header, status, error_type):
        ask.authorization = header
        refused(ask("GET", "segments"), status, error_type)

    def test_can_be_revoked_and_issued_anew(self, ask):
        ask.emulator.revoke()
        refused(ask("GET", "segments"), 403, "invalid_token")
        ask.emulator.issue_token()
        assert ask("GET", "segments").json() == {"segments": []}

    def test_without_the_scope_for_writes_only_reads(self, ask):
        ask.authorization = "OAuth emulated-audience-token-for-reading"
        assert ask("GET", "segments").status_code == 200
        refused(ask("POST", "pixels", {"pixel": {"name": "a"}}), 403, "access_denied")

    def test_acts_for_logins_that_it_represents(self, serve):
        ask = serve(represented=["client-login"])
        segment = ask.made(range(100))
        assert ask("GET", "segments?ulogin=client-login").json() == {"segments": []}
        assert list(ask.listed()) == [segment]
        refused(ask("GET", "segments?ulogin=stranger"), 403, "access_denied")
        assert ask("GET", "accounts").json()["accounts"] == [{"user_login": "client-login"}]


class TestAFileBecomesASegment:
    def test_in_two_steps_and_after_some_lists(self, ask):
        answer = ask("POST", "segments/upload_csv_file", file=table(range(150)))
        uploaded = answer.json()["segment"]
        assert (uploaded["type"], uploaded["status"]) == ("uploading", "uploaded")
        assert uploaded["owner"] == ask.emulator.login
        assert uploaded["create_time"].endswith("Z")
        segment = uploaded["id"]
        confirmed = ask.confirm(segment).json()["segment"]
        assert (confirmed["status"], confirmed["used_hashing_alg"]) == ("is_processed", "SHA256")
        statuses = [ask.listed()[segment] for _ in range(3)]
        assert [one["status"] for one in statuses] == ["is_processed", "processed", "processed"]
        done = statuses[-1]
        assert (done["item_quantity"], done["valid_unique_quantity"]) == (150, 150)
        assert (done["matched_quantity"], done["cookies_matched_quantity"]) == (105, 210)
        assert (done["name"], done["hashed"], done["content_type"]) == ("Sleeping", True, "crm")

    def test_after_seconds_where_time_decides(self, serve, clock):
        ask = serve(processing_seconds=3_600)
        segment = ask.upload(table(range(100)))
        ask.confirm(segment)
        assert [ask.listed()[segment]["status"] for _ in range(5)] == ["is_processed"] * 5
        clock.sleep(3_600)
        assert ask.listed()[segment]["status"] == "processed"

    def test_at_once_where_no_lists_are_asked_for(self, serve):
        ask = serve(processing_polls=0)
        segment = ask.upload(table(range(100)))
        assert ask.confirm(segment).json()["segment"]["status"] == "processed"

    def test_or_fails_where_that_is_asked_for(self, ask):
        segment = ask.upload(table(range(100)))
        ask.emulator.fail_processing()
        ask.confirm(segment)
        ask.emulator.finish_processing()
        assert ask.listed()[segment]["status"] == "processing_failed"
        assert ask("PUT", f"segment/{segment}/reprocess").status_code == 200
        ask.emulator.finish_processing()
        assert ask.listed()[segment]["status"] == "processed"

    def test_that_can_be_looked_into(self, ask):
        segment = ask.emulator.segments[ask.made(range(100))]
        assert len(segment.phones) == len(segment.emails) == 100
        assert sha("79000000042") in segment.phones
        assert sha("79000000042") not in segment.emails
        assert set(segment.phones) == {sha(one) for one in phones(range(100))}
        assert len(segment.identifiers) == 200
        assert [act.verb for act in ask.emulator.acts] == ["uploaded", "confirmed"]

    def test_of_fewer_than_100_records_only_on_demand_and_as_few_data(self, ask):
        segment = ask.upload(table(range(99)))
        message = refused(ask.confirm(segment), 400, "invalid_parameter", "file")
        assert "100" in message
        assert ask.confirm(segment, "?check_size=false").status_code == 200
        ask.emulator.finish_processing()
        assert ask.listed()[segment]["status"] == "few_data"

    def test_that_counts_a_person_once(self, ask):
        segment = ask.made([*range(100), *range(50)])
        row = ask.listed()[segment]
        assert (row["item_quantity"], row["valid_unique_quantity"]) == (150, 100)

    def test_once(self, ask):
        segment = ask.made(range(100))
        refused(ask.confirm(segment), 400, "invalid_parameter", "segmentId")

    @pytest.mark.parametrize(
        ("more", "error_type", "location"),
        [
            ({"name": None}, "missing_parameter", "segment.name"),
            ({"name": " "}, "invalid_parameter", "segment.name"),
            ({"content_type": None}, "missing_parameter", "segment.content_type"),
            ({"content_type": "email"}, "invalid_parameter", "segment.content_type"),
            ({"content_type": "mac"}, "invalid_parameter", "segment.content_type"),
            ({"hashing_alg": None}, "missing_parameter", "segment.hashing_alg"),
            ({"hashing_alg": "MD5"}, "invalid_parameter", "segment.hashing_alg"),
            ({"hashed": "yes"}, "invalid_parameter", "segment.hashed"),
            ({"hashed": False, "hashing_alg": None}, "invalid_parameter", "file"),
            ({"id": 5}, "invalid_parameter", "segment.id"),
        ],
    )
    def test_only_where_what_is_said_of_it_holds(self, ask, more, error_type, location):
        segment = ask.upload(table(range(100)))
        refused(ask.confirm(segment, **more), 400, error_type, location)
        assert ask.emulator.segments[segment].status == "uploaded"

    def test_where_there_is_one(self, ask):
        refused(ask.confirm(5), 404, "not_found")
        refused(ask("POST", "segments/upload_csv_file", {}), 400, "invalid_parameter")
        refused(ask("POST", "segments/upload_csv_file", file=""), 400, "invalid_parameter", "file")
        url = f"{ask.emulator.base_url}/segments/upload_csv_file"
        headers = {"Authorization": f"OAuth {ask.emulator.access_token}"}
        other = ask.http.post(url, headers=headers, files={"other": ("a.csv", b"phone\n7")})
        refused(other, 400, "missing_parameter", "file")
        form = {"Content-Type": "multipart/form-data; boundary=b", **headers}
        broken = ask.http.post(url, headers=form, content=b"--b\r\nContent-Disposition: form-")
        refused(broken, 400, "invalid_parameter")

    def test_up_to_a_size(self, serve):
        ask = serve(most_bytes=1_000)
        refused(
            ask("POST", "segments/upload_csv_file", file=table(range(100))),
            413,
            "invalid_parameter",
        )
        assert ask.emulator.segments == {}


class TestWhatAFileHolds:
    def test_md5_is_refused(self, ask):
        rows = "\n".join(md5(one.encode()).hexdigest() for one in phones(range(100)))
        segment = ask.upload(f"phone\n{rows}")
        assert "MD5" in refused(ask.confirm(segment), 400, "invalid_parameter", "file")

    def test_hashed_and_plain_values_do_not_mix(self, ask):
        rows = [sha(one) for one in phones(range(100))] + phones(range(100, 200))
        segment = ask.upload("\n".join(("phone", *rows)))
        assert "mixes" in refused(ask.confirm(segment), 400, "invalid_parameter", "file")

    def test_plain_values_are_digits_and_lower_case_addresses(self, ask):
        fine = [f"{phone},a{n}@example.com" for n, phone in enumerate(phones(range(100)))]
        wrong = ["+79001234567,", "8 (900) 123-45-67,", ",Anna@example.com", ",nobody", ","]
        segment = ask.upload("\n".join(("phone,email", *fine, *wrong)))
        held = ask.emulator.segments[segment]
        assert (held.rows, held.invalid) == (100, 5)
        assert ask.confirm(segment, hashed=False, hashing_alg=None).status_code == 200
        assert sha("79000000001") in held.phones

    def test_hashes_are_in_lower_case(self, ask):
        segment = ask.upload("phone\n" + "\n".join(sha(one).upper() for one in phones(range(100))))
        assert ask.emulator.segments[segment].invalid == 100

    def test_the_hash_of_nothing_is_counted(self, ask):
        none = md5(b"").hexdigest()
        ask.upload(f"phone,email\n{EMPTY},{sha('a@example.com')}\n{EMPTY.upper()},\n,{none}")
        assert ask.emulator.empty_hashes == 3

    def test_columns_are_found_by_name_among_others(self, ask):
        rows = "\n".join(
            f'"Ivanov, Ivan",{sha(one)},x{n}' for n, one in enumerate(phones(range(3)))
        )
        segment = ask.upload(f"\ufeffname,PHONE,ext_id\r\n{rows}\r\n")
        assert len(ask.emulator.segments[segment].phones) == 3
        refused(
            ask("POST", "segments/upload_csv_file", file=f"name,city\n{rows}"),
            400,
            "invalid_parameter",
            "file",
        )

    def test_windows_1251_is_understood(self, ask):
        text = "phone,city\n79000000001,Москва\n79000000002,Казань"
        segment = ask.upload(text.encode("cp1251"))
        assert len(ask.emulator.segments[segment].phones) == 2

    def test_lists_are_parted_by_lines_commas_and_tabs(self, ask):
        device = "aaaaaaaa-bbbb-cccc-1111-2222222222{:02d}"
        parts = [device.format(n) for n in range(100)]
        text = "\n".join((",".join(parts[:50]), "\t".join(parts[50:98]), *parts[98:], "nonsense"))
        segment = ask.upload(text, "segments/upload_file")
        assert (ask.emulator.segments[segment].rows, ask.emulator.segments[segment].invalid) == (
            100,
            1,
        )
        more = {"content_type": "idfa_gaid", "hashed": False, "hashing_alg": None}
        assert ask.confirm(segment, **more).status_code == 200

    def test_client_ids_are_confirmed_for_a_counter(self, ask):
        segment = ask.upload("\n".join(str(10**15 + n) for n in range(100)), "segments/upload_file")
        path = f"segment/client_id/{segment}/confirm"
        bare = ask("POST", path, {"segment": {"id": segment, "name": "A"}})
        refused(bare, 400, "missing_parameter", "segment.counter_id")
        done = ask("POST", path, {"segment": {"id": segment, "name": "A", "counter_id": 7}}).json()
        assert (done["segment"]["counter_id"], done["segment"]["status"]) == (7, "is_processed")

    def test_a_body_that_comes_in_chunks_is_read_as_it_comes(self, ask):
        def chunks():
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nphone\n'
            for number in range(3_000):
                yield f"{sha(f'7900{number:07d}')}\n".encode()
            yield b"\r\n--b--\r\n"

        answer = ask.http.post(
            f"{ask.emulator.base_url}/segments/upload_csv_file",
            content=chunks(),
            headers={
                "Authorization": f"OAuth {ask.emulator.access_token}",
                "Content-Type": "multipart/form-data; boundary=b",
            },
        )
        held = ask.emulator.segments[answer.json()["segment"]["id"]]
        assert (held.rows, held.invalid, len(held.phones)) == (3_000, 0, 3_000)


class TestChangesOfASegment:
    def test_add_take_away_and_replace(self, ask):
        segment = ask.made(range(200))
        held = ask.emulator.segments[segment]
        for kind, numbers, left in [
            ("addition", range(150, 300), range(300)),
            ("subtraction", range(100), range(100, 300)),
            ("replace", range(500, 700), range(500, 700)),
        ]:
            answer = ask.modify(segment, kind, table(numbers))
            assert answer.json()["segment"]["status"] == "is_updated"
            ask.emulator.finish_processing()
            assert set(held.phones) == {sha(one) for one in phones(left)}
            assert ask.listed()[segment]["valid_unique_quantity"] == len(left)
        assert [act.verb for act in ask.emulator.acts][2:] == ["addition", "subtraction", "replace"]

    def test_are_refused_while_it_is_in_work(self, ask):
        segment = ask.upload(table(range(100)))
        more = table(range(100, 200))
        assert "uploaded" in refused(
            ask.modify(segment, "addition", more), 400, "invalid_parameter"
        )
        ask.confirm(segment)
        refused(ask.modify(segment, "addition", more), 400, "invalid_parameter")
        ask.emulator.finish_processing()
        assert ask.modify(segment, "addition", more).status_code == 200
        refused(ask.modify(segment, "addition", more), 400, "invalid_parameter")
        assert len(ask.emulator.segments[segment].phones) == 200

    def test_keep_the_form_and_the_columns_of_the_first_file(self, ask):
        segment = ask.made(range(100))
        plain = ask.modify(segment, "addition", table(range(100, 200), hashed=False))
        assert "plain" in refused(plain, 400, "invalid_parameter", "file")
        other = "phone\n" + "\n".join(sha(one) for one in phones(range(100)))
        message = refused(ask.modify(segment, "addition", other), 400, "invalid_parameter", "file")
        assert "columns" in message
        clear = ask.made(range(100), hashed=False)
        hashed = ask.modify(clear, "replace", table(range(100)))
        assert "hashed" in refused(hashed, 400, "invalid_parameter", "file")

    def test_leave_100_records_unless_told_otherwise(self, ask):
        segment = ask.made(range(120))
        few = table(range(50))
        refused(ask.modify(segment, "subtraction", few), 400, "invalid_parameter", "file")
        assert len(ask.emulator.segments[segment].phones) == 120
        assert ask.modify(segment, "subtraction", few, "&check_size=false").status_code == 200
        ask.emulator.finish_processing()
        assert ask.listed()[segment]["status"] == "few_data"

    def test_of_one_with_too_few_records_are_taken_or_not(self, serve):
        for can, status in ((True, 200), (False, 400)):
            ask = serve(few_data_can_change=can)
            segment = ask.made(range(10))
            assert ask.modify(segment, "addition", table(range(200))).status_code == status

    def test_say_what_they_are(self, ask):
        segment = ask.made(range(100))
        file = table(range(100))
        path = f"segment/{segment}/modify_data"
        refused(ask("POST", path, file=file), 400, "missing_parameter", "modification_type")
        wrong = ask.modify(segment, "merge", file)
        refused(wrong, 400, "invalid_parameter", "modification_type")
        refused(
            ask.modify(segment, "replace", file, "&check_size=maybe"),
            400,
            "invalid_parameter",
            "check_size",
        )

    def test_rename_reprocess_and_delete_it(self, ask):
        segment = ask.made(range(100))
        renamed = ask("PUT", f"segment/{segment}", {"segment": {"name": "Other"}})
        assert renamed.json()["segment"]["name"] == "Other"
        assert ask("PUT", f"segment/{segment}/reprocess").status_code == 200
        refused(ask("PUT", f"segment/{segment}/reprocess"), 400, "invalid_parameter")
        assert ask("DELETE", f"segment/{segment}").json() == {"success": True}
        refused(ask("DELETE", f"segment/{segment}"), 404, "not_found")
        assert ask.listed() == {}


class TestReading:
    def test_is_by_lists_alone(self, ask):
        segment = ask.made(range(100))
        refused(ask("GET", f"segment/{segment}"), 404, "not_found")
        refused(ask("GET", "poems"), 404, "not_found")

    def test_takes_a_limit_and_an_offset(self, ask):
        ids = [ask.upload("phone\n79000000001") for _ in range(5)]
        found = ask("GET", "segments?limit=2&offset=1").json()["segments"]
        assert [row["id"] for row in found] == ids[1:3]
        refused(ask("GET", "segments?limit=many"), 400, "invalid_parameter", "limit")

    def test_tells_the_segments_of_a_pixel(self, ask):
        pixel = ask("POST", "pixels", {"pixel": {"name": "Site"}}).json()["pixel"]["id"]
        body = {"segment": {"name": "Saw it", "pixel_id": pixel, "period_length": 30}}
        segment = ask("POST", "segments/create_pixel", body).json()["segment"]
        ask.made(range(100))
        found = ask("GET", f"segments?pixel={pixel}").json()["segments"]
        assert [(row["id"], row["type"]) for row in found] == [(segment["id"], "pixel")]


class TestOtherSegments:
    def test_people_alike_need_a_processed_source(self, ask):
        source = ask.upload(table(range(100)))
        body = {"segment": {"name": "Alike", "lookalike_link": source, "lookalike_value": 3}}
        path = "segments/create_lookalike"
        refused(ask("POST", path, body), 400, "invalid_parameter", "segment.lookalike_link")
        ask.confirm(source)
        ask.emulator.finish_processing()
        made = ask("POST", path, body).json()["segment"]
        assert (made["type"], made["status"], made["lookalike_value"]) == (
            "lookalike",
            "is_processed",
            3,
        )
        ask.emulator.finish_processing()
        assert ask.listed()[made["id"]]["status"] == "processed"
        body["segment"]["lookalike_value"] = 6
        refused(ask("POST", path, body), 400, "invalid_parameter", "segment.lookalike_value")
        refused(
            ask.modify(made["id"], "addition", table(range(100))),
            400,
            "invalid_parameter",
            "segmentId",
        )

    @pytest.mark.parametrize(
        ("kind", "type_", "body"),
        [
            ("metrika", "metrika", {"metrika_segment_type": "goal_id", "metrika_segment_id": 5}),
            ("appmetrica", "appmetrica", {"app_metrica_segment_id": 5}),
            ("geo", "geo", {"radius": 1_000, "points": [{"latitude": 55.7, "longitude": 37.6}]}),
            (
                "geo_polygon",
                "geo",
                {
                    "polygons": [
                        {
                            "points": [
                                {"latitude": 55.0 + n % 3, "longitude": 37.0 + n % 3 // 2}
                                for n in range(4)
                            ]
                        }
                    ]
                },
            ),
        ],
    )
    def test_are_made_of_what_the_system_knows(self, ask, kind, type_, body):
        made = ask("POST", f"segments/create_{kind}", {"segment": {"name": "A", **body}})
        assert (made.status_code, made.json()["segment"]["type"]) == (200, type_)
        bare = ask("POST", f"segments/create_{kind}", {"segment": {"name": "A"}})
        assert bare.status_code == 400

    def test_points_can_be_moved(self, ask):
        points = [{"latitude": 55.7, "longitude": 37.6}]
        body = {"segment": {"name": "A", "radius": 1_000, "points": points}}
        made = ask("POST", "segments/create_geo", body).json()["segment"]["id"]
        moved = [{"latitude": 59.9, "longitude": 30.3}]
        answer = ask("POST", f"segment/{made}/update_geo_points", moved)
        assert answer.json()["segment"]["points"] == moved
        wrong = [{"latitude": 159.9, "longitude": 30.3}]
        assert ask("POST", f"segment/{made}/update_geo_points", wrong).status_code == 400


class TestSharing:
    def test_grants_open_a_segment_to_logins_that_exist(self, ask):
        segment = ask.made(range(100))
        body = {"grant": {"user_login": "emulated-guest", "permission": "edit"}}
        assert ask("PUT", f"segment/{segment}/grant", body).status_code == 200
        (grant,) = ask("GET", f"segment/{segment}/grants").json()["grants"]
        assert (grant["user_login"], grant["permission"]) == ("emulated-guest", "edit")
        assert ask.listed()[segment]["has_guests"]
        unknown = {"grant": {"user_login": "nobody"}}
        refused(ask("PUT", f"segment/{segment}/grant", unknown), 400, "invalid_parameter")
        path = f"segment/{segment}/grant?user_login=emulated-guest"
        assert ask("DELETE", path).json() == {"success": True}
        refused(ask("DELETE", path), 404, "not_found")

    def test_delegates_come_and_go(self, ask):
        body = {"delegate": {"user_login": "emulated-guest", "perm": "view"}}
        assert ask("PUT", "delegate", body).json() == {"success": True}
        (one,) = ask("GET", "delegates").json()["delegates"]
        assert one["user_login"] == "emulated-guest"
        assert ask("DELETE", "delegate?user_login=emulated-guest").status_code == 200
        assert ask("GET", "delegates").json() == {"delegates": []}

    def test_pixels_can_be_deleted_and_brought_back(self, ask):
        pixel = ask("POST", "pixels", {"pixel": {"name": "Site"}}).json()["pixel"]["id"]
        ask("PUT", f"pixel/{pixel}", {"pixel": {"name": "Shop"}})
        assert ask("GET", "pixels").json()["pixels"][0]["name"] == "Shop"
        assert ask("DELETE", f"pixel/{pixel}").json() == {"success": True}
        assert ask("GET", "pixels").json() == {"pixels": []}
        body = {"segment": {"name": "A", "pixel_id": pixel, "period_length": 1}}
        assert ask("POST", "segments/create_pixel", body).status_code == 400
        assert ask("POST", f"pixel/{pixel}/undelete").json() == {"success": True}
        assert ask("POST", "segments/create_pixel", body).status_code == 200


class TestQuotas:
    def test_thirty_requests_a_second_from_an_address_for_each_group(self, serve, clock):
        ask = serve(limits=True)
        assert [ask("GET", "segments").status_code for _ in range(31)] == [200] * 30 + [429]
        assert ask("POST", "pixels", {"pixel": {"name": "a"}}).status_code == 200
        refused(ask("GET", "segments"), 429, "quota_requests_by_ip")
        clock.sleep(1)
        assert ask("GET", "segments").status_code == 200
        assert ask.emulator.requests.busiest("client_read", 1.0) == 30
        assert ask.emulator.requests.refused("quota_requests_by_ip") == 2

    def test_ten_segment_writes_a_minute(self, serve, clock):
        ask = serve(limits=True)
        statuses = []
        for _ in range(6):
            upload = ask("POST", "segments/upload_csv_file", file=table(range(100)))
            statuses.append(upload.status_code)
            if upload.status_code == 200:
                statuses.append(ask.confirm(upload.json()["segment"]["id"]).status_code)
        assert statuses == [200] * 10 + [429]
        assert len(ask.emulator.segments) == 5
        assert ask("GET", "segments").status_code == 200
        clock.sleep(60)
        assert ask("POST", "segments/upload_csv_file", file=table([1])).status_code == 200
        assert ask.emulator.requests.busiest("segment_write", 60.0) == 10

    def test_a_confirmation_can_be_left_out_of_them(self, serve):
        ask = serve(limits=True, count_confirm=False)
        for _ in range(10):
            assert ask.confirm(ask.upload(table(range(100)))).status_code == 200
        eleventh = ask("POST", "segments/upload_csv_file", file=table([1]))
        refused(eleventh, 429, "quota_segments_by_minute")

    def test_a_hundred_segment_writes_an_hour(self, clock):
        quotas, counted = counting(clock)
        for _ in range(100):
            quotas.check_segment_write("login")
            clock.sleep(7)
        with pytest.raises(Refusal, match="429 quota_segments_by_hour"):
            quotas.check_segment_write("login")
        quotas.check_segment_write("another login")
        clock.sleep(3_600 - 700)
        quotas.check_segment_write("login")
        assert [name for name, _ in counted] == ["segment_write"] * 102

    def test_five_hundred_segment_writes_a_day_until_midnight_in_moscow(self, clock):
        quotas, _ = counting(clock)
        clock.sleep(until_midnight(clock))
        for _ in range(500):
            quotas.check_segment_write("login")
            clock.sleep(40)
        with pytest.raises(Refusal, match="429 quota_segments_by_day"):
            quotas.check_segment_write("login")
        clock.sleep(until_midnight(clock) - 1)
        with pytest.raises(Refusal, match="429 quota_segments_by_day"):
            quotas.check_segment_write("login")
        clock.sleep(1)
        quotas.check_segment_write("login")

    def test_five_thousand_requests_a_day_until_midnight_in_moscow(self, clock):
        quotas, _ = counting(clock)
        for _ in range(5_000):
            quotas.check_login("login", "client_read")
        quotas.check_login("login", "client_write")
        clock.sleep(until_midnight(clock) - 1)
        with pytest.raises(Refusal, match="429 quota_requests_by_uid"):
            quotas.check_login("login", "client_read")
        clock.sleep(1)
        quotas.check_login("login", "client_read")


class TestTheEmulator:
    def test_is_populated_with_people_who_do_not_exist(self, ask):
        ask.emulator.populate(customers=150)
        (segment,) = ask.listed().values()
        assert (segment["status"], segment["valid_unique_quantity"]) == ("processed", 150)
        assert ask.emulator.acts == []
        assert ask.modify(segment["id"], "addition", table(range(100))).status_code == 200

    def test_gives_the_credentials_a_client_needs(self, ask):
        found = ask.emulator.credentials()
        assert found["base_url"] == f"{ask.emulator.url}/v1/management"
        assert found["access_token"] == ask.emulator.access_token

    def test_a_fault_after_the_act_leaves_the_act(self, ask):
        ask.emulator.faults.add("truncate", route="POST segments/*", times=1)
        with pytest.raises(httpx2.TransportError):
            ask("POST", "segments/upload_csv_file", file=table(range(100)))
        assert len(ask.emulator.segments) == 1

    @given(
        text=st.text(st.sampled_from('phone,email\n\r"79@.aé \x00'), max_size=40),
        cut=st.none() | st.integers(0, 150),
        route=st.sampled_from(["segments/upload_csv_file", "segments/upload_file"]),
        encoding=st.sampled_from(["utf-8", "cp1251", "utf-16"]),
    )
    def test_answers_whatever_is_sent(self, text, cut, route, encoding):
        emulator = YandexAudienceEmulator(clock=ManualClock(START), port=1)
        body = f"--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nphone\n{text}"
        form = body.encode(encoding, "replace") + b"\r\n--b--\r\n"
        answer = emulator.answer(
            Request(
                "POST",
                f"/v1/management/{route}",
                headers={
                    "authorization": f"OAuth {emulator.access_token}",
                    "content-type": "multipart/form-data; boundary=b",
                },
                stream=io.BytesIO(form[:cut]),
            )
        )
        assert answer.status in {200, 400}
        assert len(emulator.segments) == (answer.status == 200)


class TestDigests:
    @given(
        st.sets(st.binary(min_size=32, max_size=32)), st.sets(st.binary(min_size=32, max_size=32))
    )
    def test_are_a_set(self, one, other):
        digests, others = (Digests(b"".join(each)) for each in (one, other))
        for found, expected in (
            (digests, one),
            (digests | others, one | other),
            (digests - others, one - other),
        ):
            assert {bytes.fromhex(digest) for digest in found} == expected
            assert len(found) == len(expected)
        assert all((digest.hex() in digests) == (digest in one) for digest in one | other)

    def test_that_end_in_zero_bytes_are_kept_whole(self):
        near = [bytes(32), bytes(31) + b"\1", b"\1" + bytes(31)]
        digests = Digests.of(one.hex() for one in [*near, *near])
        assert sorted(digests) == sorted(one.hex() for one in near)
        assert digests - Digests(near[0]) == Digests(near[1] + near[2])
        assert repr(digests) == "<3 digests>"
