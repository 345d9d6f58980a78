"""Response Information when asked for; Response Topic and Correlation Data as they are."""

from peer import main, properties, settings, wire

SETTING = 'mqtt.response_information="answers/here"'


@settings(SETTING)
def test_given_when_asked(case):
    client = case.client(props=properties(request_response_information=1))
    assert client.connack.prop("response_information") == "answers/here", client.connack
    # 3.1.1 has no place for it.
    case.client(4, "d").expect_nothing()


@settings(SETTING)
def test_not_given_when_not_asked(case):
    for props in (b"", properties(request_response_information=0)):
        client = case.client(props=props)
        assert client.connack.prop("response_information") is None  # [MQTT-3.1.2-28]
        client.disconnect()


def test_a_whole_exchange(case):
    """[MQTT-3.3.2-15] [MQTT-3.3.2-16]: both go through as they are."""
    asker, answerer = case.client(name="asker"), case.client(name="answerer")
    asker.subscribe(case.topic("answers/#"), 1)
    answerer.subscribe(case.topic("questions"), 1)
    for data in (b"", b"\0\xff\xfe bytes \0", b"x" * 5000):
        asker.publish(case.topic("questions"), "?", 1, props=properties(
            response_topic=case.topic("answers/1"), correlation_data=data))
        question = answerer.take(payload="?")
        assert question.prop("response_topic") == case.topic("answers/1")
        assert question.prop("correlation_data") == data
        answerer.publish(question.prop("response_topic"), "!", 1, props=properties(
            correlation_data=question.prop("correlation_data")))
        assert asker.take(case.topic("answers/1"), "!").prop("correlation_data") == data


def test_response_topic_rules(case):
    for topic in ("a/#", "+", ""):
        client = case.client()
        client.send(wire.publish(case.topic(), "m", props=properties(response_topic=topic)))
        client.expect_refusal(0x82, 0x81, 0x90)  # [MQTT-3.3.2-13] [MQTT-3.3.2-14]


main(globals())
