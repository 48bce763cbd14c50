namespace Petrel.ApiServer.Health;

/// <summary>How the components beside the API server are, for ComponentStatus.</summary>
public interface IComponentHealth
{
    /// <summary>Each component by its name (<c>scheduler</c>, <c>controller-manager</c>), with its problem; empty for none.</summary>
    IReadOnlyList<KeyValuePair<string, string>> Read();
}
