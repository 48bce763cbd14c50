namespace Petrel.Simulation;

/// <summary>Something that was begun, and that ends when it is disposed of.</summary>
public sealed class Effect(Action end) : IDisposable, IAsyncDisposable
{
    /// <inheritdoc/>
    public void Dispose() => end();

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        end();
        return default;
    }
}
