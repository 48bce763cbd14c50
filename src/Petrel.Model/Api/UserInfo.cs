namespace Petrel.Model.Api;

/// <summary>Who a request comes from, as authentication established it (upstream: user.Info).</summary>
public sealed record UserInfo(string Name, IReadOnlyList<string> Groups, string Uid = "")
{
    /// <summary>Members may do anything: the administrators' group of the cluster's own CA.</summary>
    public const string MastersGroup = "system:masters";

    /// <summary>Every node's agent is in this group, with the name <c>system:node:NAME</c>.</summary>
    public const string NodesGroup = "system:nodes";

    public const string AuthenticatedGroup = "system:authenticated";
    public const string UnauthenticatedGroup = "system:unauthenticated";

    /// <summary>What else authentication knows of the user: keys in order, each with its values (upstream: user.Info's extra).</summary>
    public IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> Extra { get; init; } = [];

    /// <summary>A caller without credentials.</summary>
    public static UserInfo Anonymous { get; } = new("system:anonymous", [UnauthenticatedGroup]);

    /// <summary>Whether this is one of the server's own components.</summary>
    public bool IsControlPlane => Name.StartsWith("system:", StringComparison.Ordinal) && Groups.Contains(MastersGroup);

    /// <summary>The server's own controllers and scheduler, which run in its process.</summary>
    public static UserInfo ControlPlane(string component) => new($"system:{component}", [MastersGroup, AuthenticatedGroup]);

    /// <summary>The agent of the node called <paramref name="nodeName"/>.</summary>
    public static UserInfo Node(string nodeName) => new($"system:node:{nodeName}", [NodesGroup, AuthenticatedGroup]);
}
