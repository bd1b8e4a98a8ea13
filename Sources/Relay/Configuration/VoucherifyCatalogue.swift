/// The event types that Voucherify documents. New ones come without notice, so an unknown one is a warning in a rule and nothing else.
enum VoucherifyCatalogue {
    /// Types of project webhooks.
    static let project = [
        "business_validation_rule.assignment.created",
        "business_validation_rule.assignment.deleted",
        "business_validation_rule.created",
        "business_validation_rule.deleted",
        "business_validation_rule.updated",
        "campaign.created",
        "campaign.deleted",
        "campaign.disabled",
        "campaign.enabled",
        "campaign.updated",
        "campaign.vouchers.generation.completed",
        "customer.consents.given",
        "customer.consents.revoked",
        "customer.created",
        "customer.deleted",
        "customer.rewarded",
        "customer.rewarded.loyalty_points",
        "publication.succeeded",
        "redemption.failed",
        "redemption.rollback.failed",
        "redemption.rollback.succeeded",
        "redemption.succeeded",
        "voucher.created",
        "voucher.deleted",
        "voucher.disabled",
        "voucher.enabled",
        "voucher.gift.balance_added",
        "voucher.loyalty_card.points_added",
        "voucher.published",
        "voucher.updated",
    ]

    /// Types of distribution webhooks, in `event.type`.
    static let distribution = [
        "customer.custom_event",
        "customer.loyalty.tier.downgraded",
        "customer.loyalty.tier.joined",
        "customer.loyalty.tier.left",
        "customer.loyalty.tier.prolonged",
        "customer.loyalty.tier.upgraded",
        "customer.publication.succeeded",
        "customer.redemption.rollback.succeeded",
        "customer.redemption.succeeded",
        "customer.order.created",
        "customer.order.paid",
        "customer.order.updated",
        "customer.order.canceled",
        "customer.segment.entered",
        "customer.segment.left",
        "customer.voucher.gift.balance_added",
        "customer.voucher.loyalty_card.points_added",
        "customer.voucher.loyalty_card.points_expired",
    ]

    /// Types that the documentation gained later, of both kinds.
    static let addedLater = [
        "campaign.loyalty_tier.created",
        "campaign.loyalty_tier.deleted",
        "campaign.loyalty_tier.updated",
        "campaign.promotion_tier.created",
        "campaign.promotion_tier.deleted",
        "campaign.promotion_tier.disabled",
        "campaign.promotion_tier.enabled",
        "campaign.promotion_tier.updated",
        "customer.holder.assignment.created",
        "customer.holder.assignment.deleted",
        "customer.reward_redemptions.completed",
        "customer.reward_redemptions.created",
        "customer.reward_redemptions.pending",
        "customer.updated",
        "customer.voucher.loyalty_card.pending_points.activated",
        "customer.voucher.loyalty_card.pending_points.added",
        "customer.voucher.loyalty_card.pending_points.canceled",
        "customer.voucher.loyalty_card.pending_points.updated",
        "distribution.manual_distribution_schedule",
        "voucher.gift.transaction.created",
        "voucher.loyalty_card.pending_points.activated",
        "voucher.loyalty_card.pending_points.added",
        "voucher.loyalty_card.pending_points.canceled",
        "voucher.loyalty_card.pending_points.updated",
        "voucher.loyalty_card.points_expired",
        "voucher.loyalty_card.transaction.created",
    ]

    /// All of them.
    static let types = Set(project + distribution + addedLater)
    /// All of them, by name.
    static let sortedTypes = types.sorted()
}
