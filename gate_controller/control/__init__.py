"""Run the gate's one loop: presentations, holds, screens, orders; imports everything below the assembly."""
