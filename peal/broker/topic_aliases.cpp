#include "peal/broker/topic_aliases.hpp"

namespace peal::broker {

void TopicAliasesIn::set(std::uint16_t alias, mqtt::TopicName topic) {
  if (topics_ == nullptr) {
    topics_ = std::make_unique<std::vector<std::string>>();
  }
  if (topics_->size() < alias) {
    topics_->resize(alias);
  }
  (*topics_)[alias - 1U] = topic.text();
}

mqtt::TopicName TopicAliasesIn::find(std::uint16_t alias) const {
  if (topics_ == nullptr || alias == 0 || alias > topics_->size()) {
    return {};
  }
  return mqtt::TopicName::trusted((*topics_)[alias - 1U]);
}

TopicAliasesOut::Alias TopicAliasesOut::find(mqtt::TopicName topic, std::uint16_t maximum) const {
  const std::size_t used = topics_ == nullptr ? 0 : topics_->size();
  for (std::size_t i = 0; i < used; ++i) {
    if ((*topics_)[i] == topic.text()) {
      return {static_cast<std::uint16_t>(i + 1), true};
    }
  }
  if (used >= maximum) {  // [MQTT-3.3.2-11]
    return {};
  }
  return {static_cast<std::uint16_t>(used + 1), false};
}

void TopicAliasesOut::keep(mqtt::TopicName topic) {
  if (topics_ == nullptr) {
    topics_ = std::make_unique<std::vector<std::string>>();
  }
  topics_->emplace_back(topic.text());
}

}  // namespace peal::broker
