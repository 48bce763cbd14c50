using Petrel.Model.Determinism;

namespace Petrel.Agent.Runtimes;

/// <summary>Ids of sandboxes and containers.</summary>
internal static class RuntimeIds
{
    /// <summary>A new id: 32 hexadecimal digits.</summary>
    public static string New(IEntropy entropy) => entropy.NextUInt64().ToString("x16") + entropy.NextUInt64().ToString("x16");
}
