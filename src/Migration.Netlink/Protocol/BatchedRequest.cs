namespace Migration.Netlink.Protocol;

/// <summary>One message of a transaction, and what it asks for.</summary>
internal readonly record struct BatchedRequest(MessageWriter Message, string Operation);
