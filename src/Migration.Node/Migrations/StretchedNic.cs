using Migration.Node.Networks;

namespace Migration.Node.Migrations;

/// <summary>One NIC of a guest that moves, and the way that its frames are to take afterwards.</summary>
internal sealed record StretchedNic(AttachmentKey Key, string Name, Stretch Way);
