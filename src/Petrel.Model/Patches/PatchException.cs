namespace Petrel.Model.Patches;

/// <summary>A patch that cannot be applied; the message is fit for a Status.</summary>
public sealed class PatchException(string message) : Exception(message);
