// The asynchronous paho C client, MQTT 5, against one listener: paho_async URI [CA_FILE]
// Publishes many numbers to itself with QoS 1 and then QoS 2 and expects each once and in order.
#include <MQTTAsync.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// A batch fits into the Receive Maximum: beyond it paho looks for room only once a second.
enum { wait_seconds = 10, batch = 20, message_count = 200 };

// What the callbacks, which run on paho's thread, tell the main thread.
static struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool connected, subscribed, disconnected;
  int received, acknowledged;
  const char* failure;
} state = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void tell(bool* what) {
  pthread_mutex_lock(&state.mutex);
  *what = true;
  pthread_cond_signal(&state.changed);
  pthread_mutex_unlock(&state.mutex);
}

static void fail(const char* why) {
  pthread_mutex_lock(&state.mutex);
  state.failure = why;
  pthread_cond_signal(&state.changed);
  pthread_mutex_unlock(&state.mutex);
}

static void end_badly(const char* why) {
  fprintf(stderr, "paho_async: %s; %d messages came\n", why, state.received);
  exit(1);
}

static bool is_reached(const bool* what, int messages) {
  return (what == NULL || *what) && state.received >= messages && state.acknowledged >= messages;
}

static void await(const bool* what, int messages, const char* name) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += wait_seconds;
  pthread_mutex_lock(&state.mutex);
  while (!is_reached(what, messages) && state.failure == NULL) {
    if (pthread_cond_timedwait(&state.changed, &state.mutex, &until) != 0) {
      state.failure = name;
    }
  }
  pthread_mutex_unlock(&state.mutex);
  if (state.failure != NULL) {
    end_badly(state.failure);
  }
}

static void on_connect(void* context, MQTTAsync_successData5* response) {
  (void)context, (void)response;
  tell(&state.connected);
}

static void on_subscribe(void* context, MQTTAsync_successData5* response) {
  (void)context;
  if (response->alt.sub.reasonCodeCount > 1 ||
      response->reasonCode != MQTTREASONCODE_GRANTED_QOS_2) {
    fail("the subscription was not granted with QoS 2");
  }
  tell(&state.subscribed);
}

static void on_acknowledgement(void* context, MQTTAsync_successData5* response) {
  (void)context, (void)response;
  pthread_mutex_lock(&state.mutex);
  ++state.acknowledged;
  pthread_cond_signal(&state.changed);
  pthread_mutex_unlock(&state.mutex);
}

static void on_disconnect(void* context, MQTTAsync_successData5* response) {
  (void)context, (void)response;
  tell(&state.disconnected);
}

static void on_failure(void* context, MQTTAsync_failureData5* response) {
  (void)response;
  fail(context);
}

static void on_lost(void* context, char* cause) {
  (void)context, (void)cause;
  fail("the connection was lost");
}

static int on_message(void* context, char* topic, int length, MQTTAsync_message* message) {
  (void)context, (void)length;
  char text[16] = "";
  snprintf(text, sizeof text, "%.*s", message->payloadlen, (const char*)message->payload);
  if (atoi(text) != state.received) {
    fail("a message came twice or out of order");
  }
  pthread_mutex_lock(&state.mutex);
  ++state.received;
  pthread_cond_signal(&state.changed);
  pthread_mutex_unlock(&state.mutex);
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

static void require(int code, const char* what) {
  if (code != MQTTASYNC_SUCCESS) {
    fprintf(stderr, "%s: %s\n", what, MQTTAsync_strerror(code));
    end_badly(what);
  }
}

static MQTTAsync_responseOptions options_for(void (*on_success)(void*, MQTTAsync_successData5*),
                                             char* name) {
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  options.onSuccess5 = on_success;
  options.onFailure5 = on_failure;
  options.context = name;
  return options;
}

static void connect_to_server(MQTTAsync client, const char* ca_file) {
  MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
  tls.trustStore = ca_file;
  tls.verify = 1;
  MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
  options.cleanstart = 1;
  options.ssl = ca_file != NULL ? &tls : NULL;
  options.onSuccess5 = on_connect;
  options.onFailure5 = on_failure;
  options.context = (void*)"connecting failed";
  require(MQTTAsync_connect(client, &options), "connect");
  await(&state.connected, 0, "no CONNACK");
}

static void publish(MQTTAsync client, int number, int qos) {
  char text[16];
  const int length = snprintf(text, sizeof text, "%d", number);
  MQTTAsync_responseOptions options = options_for(on_acknowledgement, (char*)"a publish failed");
  require(MQTTAsync_send(client, "paho/async", length, text, qos, 0, &options), "publish");
}

int main(int count, char** arguments) {
  MQTTAsync client = NULL;
  MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
  require(MQTTAsync_createWithOptions(&client, count > 1 ? arguments[1] : "", "paho-async",
                                      MQTTCLIENT_PERSISTENCE_NONE, NULL, &options),
          "create");
  require(MQTTAsync_setCallbacks(client, NULL, on_lost, on_message, NULL), "callbacks");
  connect_to_server(client, count > 2 ? arguments[2] : NULL);
  MQTTAsync_responseOptions subscribing = options_for(on_subscribe, (char*)"subscribing failed");
  require(MQTTAsync_subscribe(client, "paho/async", 2, &subscribing), "subscribe");
  await(&state.subscribed, 0, "no SUBACK");
  for (int first = 0; first < message_count; first += batch) {
    for (int number = first; number < first + batch; ++number) {
      publish(client, number, first < message_count / 2 ? 1 : 2);
    }
    await(NULL, first + batch, "too few messages or acknowledgements");
  }
  MQTTAsync_disconnectOptions leaving = MQTTAsync_disconnectOptions_initializer5;
  leaving.onSuccess5 = on_disconnect;
  require(MQTTAsync_disconnect(client, &leaving), "disconnect");
  await(&state.disconnected, 0, "no end of the connection");
  MQTTAsync_destroy(&client);
  return 0;
}
