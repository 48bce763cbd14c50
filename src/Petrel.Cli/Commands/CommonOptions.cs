using System.CommandLine;
using Petrel.LocalCluster;

namespace Petrel.Cli.Commands;

/// <summary>Options that several commands take.</summary>
internal static class CommonOptions
{
    public static Option<string> Data() =>
        new("--data")
        {
            Description = $"The cluster's data directory (default: PETREL_DATA, else {ClusterDirectory.Default}).",
            DefaultValueFactory = _ => ClusterDirectory.Default,
        };
}
