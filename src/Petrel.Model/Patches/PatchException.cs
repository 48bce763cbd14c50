namespace Petrel.Model.Patches;

/// <summary>A patch that cannot be applied. Its message is suitable for a Status.</summary>
public sealed class PatchException(string message) : Exception(message);
