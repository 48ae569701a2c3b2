import sys

import pydantic
import pytest

from retention_kit.delivery.channels import AdapterContext
from retention_kit.errors import DefinitionError, MissingDependencyError
from retention_kit.plugins import PluginWarning, SourceSpec, describe_settings, settings_for


class Limits(pydantic.BaseModel):
    per_second: int = 7
    burst: int = 20


class Settings(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")

    base_url: str
    token: pydantic.SecretStr
    page_rows: int = pydantic.Field(default=100, ge=1, description="Rows of a page.")
    stages: list[str] = []
    limits: Limits = Limits()
    webhook: pydantic.SecretStr = pydantic.SecretStr("s3cr3t")

    @pydantic.field_validator("base_url")
    @classmethod
    def _is_address(cls, value):
        if not value.startswith("http"):
            raise ValueError(f"no address: {value}")
        return value


def factory(settings, context: AdapterContext):
    raise AssertionError


SPEC = SourceSpec(name="acme_crm", summary="x", api_version=1, settings=Settings, factory=factory)
PREFIX = "RETENTION_KIT_ACME_CRM_"


@pytest.fixture
def variables(monkeypatch):
    def put(**given):
        for name, value in given.items():
            monkeypatch.setenv(PREFIX + name, value)

    return put


@pytest.fixture
def env_file(tmp_path):
    def write(text):
        path = tmp_path / "settings.env"
        path.write_text(text)
        return path

    return write


def test_variables_make_settings_and_what_is_given_by_name_wins(variables):
    variables(BASE_URL="https://a", TOKEN="t1", PAGE_ROWS="50", STAGES='["won"]')
    made = settings_for(SPEC, None, {"page_rows": 7})
    assert made.base_url == "https://a"
    assert made.token.get_secret_value() == "t1"
    assert (made.page_rows, made.stages) == (7, ["won"])


def test_an_instance_has_variables_of_its_own(variables):
    variables(BASE_URL="https://a", TOKEN="t1", MSK_BASE_URL="https://m", MSK_TOKEN="t2")
    assert settings_for(SPEC, "msk").base_url == "https://m"
    assert settings_for(SPEC).base_url == "https://a"


def test_a_field_of_a_model_inside_has_a_variable(variables):
    variables(BASE_URL="https://a", TOKEN="t", LIMITS__PER_SECOND="3")
    assert settings_for(SPEC, None, {"limits": {"burst": 5}}).limits == Limits(
        per_second=3, burst=5
    )


def test_a_file_of_variables_stands_behind_the_environment(variables, env_file):
    path = env_file(
        f"{PREFIX}BASE_URL=https://file\n{PREFIX}TOKEN='from file'\n"
        f"{PREFIX}LIMITS__BURST=9\nOTHER=1\n"
    )
    variables(BASE_URL="https://environment")
    made = settings_for(SPEC, env_file=path)
    assert made.base_url == "https://environment"
    assert made.token.get_secret_value() == "from file"
    assert made.limits.burst == 9


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DefinitionError, match="env_file"):
        settings_for(SPEC, env_file=tmp_path / "none.env")


def test_what_is_missing_is_told_with_its_variable():
    with pytest.raises(DefinitionError) as caught:
        settings_for(SPEC, "msk", {"base_url": "https://a"})
    assert "token is missing (RETENTION_KIT_ACME_CRM_MSK_TOKEN, or token=…)" in str(caught.value)
    assert caught.value.parameter == "token"
    assert "base_url" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"PAGE_ROWS": "hush-7"}, f"page_rows, variable {PREFIX}PAGE_ROWS: Input should be"),
        ({"BASE_URL": "hush-8"}, f"base_url, variable {PREFIX}BASE_URL: the adapter refuses it"),
        ({"STAGES": "hush-9"}, f"the variable {PREFIX}STAGES is no JSON"),
        ({"LIMITS__BURST": "hush"}, f"limits.burst, variable {PREFIX}LIMITS__BURST"),
    ],
)
def test_what_is_wrong_is_told_with_its_variable_and_without_its_value(variables, given, said):
    variables(**{"BASE_URL": "https://a", "TOKEN": "hush-token"} | given)
    with pytest.raises(DefinitionError) as caught:
        settings_for(SPEC)
    assert said in str(caught.value)
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_is_given_by_name_and_wrong_is_told_so():
    with pytest.raises(DefinitionError, match="page_rows, given by name: Input"):
        settings_for(SPEC, None, {"base_url": "https://a", "token": "t", "page_rows": 0})


def test_an_unknown_setting_is_answered_with_the_nearest():
    with pytest.raises(DefinitionError, match="no setting 'page_row'.*nearest: page_rows"):
        settings_for(SPEC, None, {"page_row": 1})


def test_a_variable_that_is_nearly_a_setting_is_told(variables):
    variables(BASE_URL="https://a", TOKEN="t", PAGE_ROW="5", MSK_TOKEN="t2", SOMETHING="else")
    with pytest.warns(PluginWarning) as warned:
        settings_for(SPEC)
    assert [str(one.message) for one in warned] == [
        f"The variable {PREFIX}PAGE_ROW is no setting; {PREFIX}PAGE_ROWS is one that is nearly "
        "named so."
    ]


def test_a_misspelt_variable_stands_in_the_error_of_what_is_missing(variables):
    variables(BASE_URL="https://a", TOKN="hush")
    with pytest.raises(DefinitionError, match=f"{PREFIX}TOKN is no setting; {PREFIX}TOKEN"):
        settings_for(SPEC)


def test_a_misspelt_variable_stands_in_an_error_that_the_model_itself_makes(monkeypatch):
    class Strict(pydantic.BaseModel):
        webhook_url: pydantic.SecretStr | None = None

        @pydantic.model_validator(mode="after")
        def _is_set(self):
            if self.webhook_url is None:
                raise DefinitionError("Nobody knows which is meant.", parameter="webhook_url")
            return self

    spec = SourceSpec(name="acme", summary="x", api_version=1, settings=Strict, factory=factory)
    with pytest.raises(DefinitionError, match=r"Nobody knows which is meant\."):
        settings_for(spec)
    monkeypatch.setenv("RETENTION_KIT_ACME_WEBHOK_URL", "hush")
    with pytest.raises(
        DefinitionError, match="is meant.* The variable .*_WEBHOK_URL is no"
    ) as told:
        settings_for(spec)
    assert told.value.parameter == "webhook_url"
    assert "hush" not in str(told.value)


def test_a_setting_of_the_channel_of_the_same_name_is_not_misspelt(variables):
    class Other(pydantic.BaseModel):
        page_row: int = 0

    variables(BASE_URL="https://a", TOKEN="t", PAGE_ROW="5")
    assert settings_for(SPEC, siblings=[Other]).page_rows == 100


def test_without_variables_no_further_library_is_needed(monkeypatch, variables):
    monkeypatch.setitem(sys.modules, "pydantic_settings", None)
    assert settings_for(SPEC, None, {"base_url": "https://a", "token": "t"}).page_rows == 100
    variables(PAGE_ROWS="5")
    with pytest.raises(MissingDependencyError, match=r"retention-kit\[delivery\]"):
        settings_for(SPEC)


@pytest.mark.parametrize("instance", ["", "MSK", "a.b", "a b", 7])
def test_an_instance_has_a_plain_name(instance):
    with pytest.raises(DefinitionError, match="instance"):
        settings_for(SPEC, instance)


def test_settings_are_described_without_a_secret(variables):
    variables(TOKEN="hush", LIMITS__BURST="3")
    fields = {one.name: one for one in describe_settings(Settings, "acme_crm")}
    assert list(fields) == [
        "base_url",
        "token",
        "page_rows",
        "stages",
        "limits.per_second",
        "limits.burst",
        "webhook",
    ]
    assert fields["token"].is_set
    assert fields["token"].required
    assert fields["token"].variable == f"{PREFIX}TOKEN"
    assert not fields["base_url"].is_set
    assert fields["limits.burst"].is_set
    assert not fields["limits.per_second"].is_set
    assert fields["page_rows"].default == "100"
    assert fields["page_rows"].type == "int"
    assert fields["page_rows"].description == "Rows of a page."
    assert fields["stages"].type == "list[str]"
    assert fields["webhook"].default == "********"
    assert "hush" not in repr(fields)
    assert "s3cr3t" not in repr(fields)


def test_a_models_own_sentence_comes_with_the_variables_of_the_fields_it_names(monkeypatch):
    class Needy(pydantic.BaseModel):
        access_token: pydantic.SecretStr | None = None
        refresh_token: pydantic.SecretStr | None = None
        rows: int = 1

        @pydantic.model_validator(mode="after")
        def _has_one(self):
            raise DefinitionError("Give access_token, or refresh_token.")

    spec = SourceSpec(name="acme_crm", summary="x", api_version=1, settings=Needy, factory=factory)
    with pytest.raises(DefinitionError) as caught:
        settings_for(spec)
    assert str(caught.value) == (
        "The settings of 'acme_crm' cannot be used: Give access_token, or refresh_token. "
        f"Variables: {PREFIX}ACCESS_TOKEN, {PREFIX}REFRESH_TOKEN."
    )
