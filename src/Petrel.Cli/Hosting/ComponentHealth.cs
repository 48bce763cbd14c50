using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Health;

namespace Petrel.Cli.Hosting;

/// <summary>The health of the components in the server's process.</summary>
internal sealed class ComponentHealth : IComponentHealth
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string> _problems = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public IReadOnlyList<KeyValuePair<string, string>> Read()
    {
        lock (_gate)
        {
            return [.. _problems];
        }
    }

    /// <summary>The component has been started.</summary>
    public void Runs(string component) => Set(component, "");

    /// <summary>The component has failed and will be restarted.</summary>
    public void Failed(string component, string problem) => Set(component, problem);

    private void Set(string component, string problem)
    {
        lock (_gate)
        {
            _problems[component] = problem;
        }
    }
}
