namespace Migration.Netlink;

/// <summary>TCA_EGRESS_REDIR and its kin.</summary>
public enum MirredKind
{
    EgressRedirect = 1,
    EgressMirror = 2,
    IngressRedirect = 3,
    IngressMirror = 4,
}
