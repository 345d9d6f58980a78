// The synchronous paho C client against one listener: paho_sync URI VERSION [CA_FILE]
// VERSION is 3, 4 or 5. Says what went wrong and ends with 1, or ends with 0.
#include <MQTTClient.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { wait_ms = 10000, qos_count = 3 };

static void check(bool good, const char* what, int code) {
  if (good) {
    return;
  }
  fprintf(stderr, "paho_sync: %s: code %d\n", what, code);
  exit(1);
}

static MQTTClient create(const char* uri, int version) {
  MQTTClient client = NULL;
  MQTTClient_createOptions options = MQTTClient_createOptions_initializer;
  options.MQTTVersion = version;
  char client_id[32];
  snprintf(client_id, sizeof client_id, "paho-sync-%d", version);
  const int code = MQTTClient_createWithOptions(&client, uri, client_id,
                                                MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
  check(code == MQTTCLIENT_SUCCESS, "create", code);
  return client;
}

static void connect_to_server(MQTTClient client, int version, const char* ca_file) {
  MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
  tls.trustStore = ca_file;
  tls.verify = 1;
  MQTTClient_connectOptions options3 = MQTTClient_connectOptions_initializer;
  MQTTClient_connectOptions options5 = MQTTClient_connectOptions_initializer5;
  MQTTClient_connectOptions options = version == MQTTVERSION_5 ? options5 : options3;
  options.MQTTVersion = version;
  options.ssl = ca_file != NULL ? &tls : NULL;
  if (version == MQTTVERSION_5) {
    const MQTTResponse response = MQTTClient_connect5(client, &options, NULL, NULL);
    check(response.reasonCode == MQTTREASONCODE_SUCCESS, "connect", (int)response.reasonCode);
    check(MQTTProperties_hasProperty(response.properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM),
          "CONNACK without Receive Maximum", 0);
    MQTTResponse_free(response);
    return;
  }
  const int code = MQTTClient_connect(client, &options);
  check(code == MQTTCLIENT_SUCCESS, "connect", code);
}

static void subscribe(MQTTClient client, int version, const char* filter) {
  if (version == MQTTVERSION_5) {
    const MQTTResponse response = MQTTClient_subscribe5(client, filter, 2, NULL, NULL);
    check(response.reasonCode == MQTTREASONCODE_GRANTED_QOS_2, "subscribe",
          (int)response.reasonCode);
    MQTTResponse_free(response);
    return;
  }
  const int code = MQTTClient_subscribe(client, filter, 2);
  check(code == MQTTCLIENT_SUCCESS, "subscribe", code);
}

static void publish(MQTTClient client, int version, const char* topic, int qos) {
  MQTTClient_message message = MQTTClient_message_initializer;
  message.payload = "from paho";
  message.payloadlen = 9;
  message.qos = qos;
  MQTTClient_deliveryToken token = 0;
  int code = 0;
  if (version == MQTTVERSION_5) {
    MQTTProperty property = {.identifier = MQTTPROPERTY_CODE_USER_PROPERTY};
    property.value.data = (MQTTLenString){6, "colour"};
    property.value.value = (MQTTLenString){4, "blue"};
    MQTTProperties_add(&message.properties, &property);
    const MQTTResponse response = MQTTClient_publishMessage5(client, topic, &message, &token);
    code = (int)response.reasonCode;
    MQTTResponse_free(response);
    MQTTProperties_free(&message.properties);
  } else {
    code = MQTTClient_publishMessage(client, topic, &message, &token);
  }
  check(code == MQTTCLIENT_SUCCESS, "publish", code);
  code = MQTTClient_waitForCompletion(client, token, wait_ms);
  check(code == MQTTCLIENT_SUCCESS, "acknowledgement of a publish", code);
}

static void receive(MQTTClient client, int version, const char* topic, int qos) {
  char* got_topic = NULL;
  int topic_length = 0;
  MQTTClient_message* message = NULL;
  const int code = MQTTClient_receive(client, &got_topic, &topic_length, &message, wait_ms);
  check(code == MQTTCLIENT_SUCCESS && message != NULL, "receive", code);
  check(strcmp(got_topic, topic) == 0, "another topic than published", topic_length);
  check(message->qos == qos, "another QoS than published", message->qos);
  check(message->payloadlen == 9 && memcmp(message->payload, "from paho", 9) == 0, "payload",
        message->payloadlen);
  check(version != MQTTVERSION_5 ||
            MQTTProperties_hasProperty(&message->properties, MQTTPROPERTY_CODE_USER_PROPERTY),
        "PUBLISH without its User Property", 0);
  MQTTClient_freeMessage(&message);
  MQTTClient_free(got_topic);
}

int main(int count, char** arguments) {
  check(count >= 3, "arguments: URI VERSION [CA_FILE]", count);
  const int version = atoi(arguments[2]);
  MQTTClient client = create(arguments[1], version);
  connect_to_server(client, version, count > 3 ? arguments[3] : NULL);
  char topic[64];
  snprintf(topic, sizeof topic, "paho/sync/%d/#", version);
  subscribe(client, version, topic);
  for (int qos = 0; qos < qos_count; ++qos) {
    snprintf(topic, sizeof topic, "paho/sync/%d/%d", version, qos);
    publish(client, version, topic, qos);
    receive(client, version, topic, qos);
  }
  const int code = version == MQTTVERSION_5
                       ? MQTTClient_disconnect5(client, wait_ms, MQTTREASONCODE_SUCCESS, NULL)
                       : MQTTClient_disconnect(client, wait_ms);
  check(code == MQTTCLIENT_SUCCESS, "disconnect", code);
  MQTTClient_destroy(&client);
  return 0;
}
